export function clampRef(x: ArrayLike<number>, most: number): Float64Array {
  return Float64Array.from(x, (value) => Math.max(-most, Math.min(most, value)));
}
