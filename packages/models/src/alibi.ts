// ALiBi (arXiv 2108.12409): instead of positions, each head sees farther keys through a slope of its own.

/**
 * [heads]: a geometric series for the largest power of two of heads, and for the others every second value of
 * the series of twice as many. `most` is the exponent that the series ends at, 8 in the paper.
 */
export function alibiSlopes(heads: number, most: number): Float32Array<ArrayBuffer> {
  const even = 2 ** Math.floor(Math.log2(heads));
  return Float32Array.from({ length: heads }, (_, head) =>
    head < even ? 2 ** ((-most / even) * (head + 1)) : 2 ** ((-most / 2 / even) * (2 * (head - even) + 1)),
  );
}
