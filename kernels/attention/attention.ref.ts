/**
 * Causal attention of one row in f64: q [heads * keyDim], keys [positions][kvHeads * keyDim], values
 * [positions][kvHeads * valueDim] -> [heads * valueDim].
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
): Float64Array {
  const y = new Float64Array(heads * valueDim);
  for (let head = 0; head < heads; head++) {
    const kvHead = Math.floor(head / (heads / kvHeads));
    const scores = keys.map((key) => {
      let sum = 0;
      for (let i = 0; i < keyDim; i++) sum += q[head * keyDim + i]! * key[kvHead * keyDim + i]!;
      return sum * scale;
    });
    const most = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - most));
    const total = weights.reduce((a, b) => a + b, 0);
    values.forEach((value, p) => {
      for (let i = 0; i < valueDim; i++) {
        y[head * valueDim + i]! += (weights[p]! / total) * value[kvHead * valueDim + i]!;
      }
    });
  }
  return y;
}
