// Log-softmax in f64.

/** logits [rows, columns], targets [rows] -> logprobs [rows], and the logsumexp [rows], in nats. */
export function tokenLogprobRef(
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  rows: number,
  columns: number,
): { logprobs: Float64Array; logsumexp: Float64Array } {
  const logprobs = new Float64Array(rows);
  const logsumexp = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    let top = -Infinity;
    for (let id = 0; id < columns; id++) top = Math.max(top, logits[r * columns + id]!);
    let sum = 0;
    for (let id = 0; id < columns; id++) sum += Math.exp(logits[r * columns + id]! - top);
    logsumexp[r] = top + Math.log(sum);
    const target = targets[r]!;
    logprobs[r] = target < columns ? logits[r * columns + target]! - logsumexp[r]! : -1e30;
  }
  return { logprobs, logsumexp };
}
