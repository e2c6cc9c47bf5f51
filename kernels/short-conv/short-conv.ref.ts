/**
 * x [tokens, 3 * dim]: B, C, u of consecutive tokens; weight [dim, length], bias [dim] -> [tokens, dim] in f64:
 * C * (the last `length` of B * u, weighed, + bias), as transformers' Lfm2ShortConv has it.
 */
export function shortConvRef(
  x: ArrayLike<number>,
  dim: number,
  length: number,
  weight: ArrayLike<number>,
  bias?: ArrayLike<number>,
): Float64Array {
  const tokens = x.length / (3 * dim);
  const at = (token: number, part: number, channel: number) => x[(token * 3 + part) * dim + channel]!;
  return Float64Array.from({ length: tokens * dim }, (_, i) => {
    const [token, channel] = [Math.floor(i / dim), i % dim];
    let sum = bias?.[channel] ?? 0;
    for (let k = 0; k < length; k++) {
      const earlier = token - length + 1 + k;
      if (earlier < 0) continue;
      sum += weight[channel * length + k]! * at(earlier, 0, channel) * at(earlier, 2, channel);
    }
    return at(token, 1, channel) * sum;
  });
}
