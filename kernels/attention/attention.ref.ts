/** What a row's softmax takes besides plain scores. */
export interface ScoreOptions {
  /** The first key that the row sees; default 0. */
  first?: number;
  softcap?: number | undefined;
  /** [heads]. */
  sinks?: ArrayLike<number> | undefined;
  slopes?: ArrayLike<number> | undefined;
}

/**
 * Causal attention of one row in f64: q [heads * keyDim], keys [positions][kvHeads * keyDim], values
 * [positions][kvHeads * valueDim] -> [heads * valueDim]. The row's own key is the last.
 */
export function attentionRef(
  q: ArrayLike<number>,
  keys: ReadonlyArray<ArrayLike<number>>,
  values: ReadonlyArray<ArrayLike<number>>,
  {
    heads,
    kvHeads,
    keyDim,
    valueDim,
    scale,
  }: Record<'heads' | 'kvHeads' | 'keyDim' | 'valueDim' | 'scale', number>,
  { first = 0, softcap, sinks, slopes }: ScoreOptions = {},
): Float64Array {
  const y = new Float64Array(heads * valueDim);
  const position = keys.length - 1;
  for (let head = 0; head < heads; head++) {
    const kvHead = Math.floor(head / (heads / kvHeads));
    const scores = keys.map((key, p) => {
      if (p < first) return -Infinity;
      let sum = 0;
      for (let i = 0; i < keyDim; i++) sum += q[head * keyDim + i]! * key[kvHead * keyDim + i]!;
      sum *= scale;
      if (softcap) sum = softcap * Math.tanh(sum / softcap);
      return sum + (slopes?.[head] ?? 0) * (p - position);
    });
    const most = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - most));
    const sink = sinks ? Math.exp(sinks[head]! - most) : 0;
    const total = weights.reduce((a, b) => a + b, sink);
    values.forEach((value, p) => {
      for (let i = 0; i < valueDim; i++) {
        y[head * valueDim + i]! += (weights[p]! / total) * value[kvHead * valueDim + i]!;
      }
    });
  }
  return y;
}
