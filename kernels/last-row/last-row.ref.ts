/** Row `live - 1` of x [rows, n]. */
export function lastRowRef(x: Float32Array, n: number, live: number): Float32Array {
  return x.slice((live - 1) * n, live * n);
}
