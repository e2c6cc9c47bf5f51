/** table [vocabulary, dim] f32 -> rows of `tokens`, times `scale`, in f32. */
export function embedRef(
  table: Float32Array,
  dim: number,
  tokens: readonly number[],
  scale: number,
): Float32Array {
  return Float32Array.from({ length: tokens.length * dim }, (_, i) =>
    Math.fround(table[tokens[Math.floor(i / dim)]! * dim + (i % dim)]! * Math.fround(scale)),
  );
}
