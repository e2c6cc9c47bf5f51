/** What a query at `position` is multiplied by, in f64. */
export function temperRef(position: number, length: number, scale: number): number {
  return 1 + scale * Math.log(1 + Math.floor((position + 1) / length));
}
