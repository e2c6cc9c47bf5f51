// How kernels that choose among a row's tokens cut it up: a workgroup a slice, and one lane a slice when
// the slices' results meet.

/** Lanes of a workgroup, and so the most slices that a row may have. */
export const LANES = 128;
/** Columns of a row that one workgroup covers. */
export const SLICE = 2048;
/** The largest vocabulary that fits. */
export const MOST_COLUMNS = LANES * SLICE;

export function slicesOf(columns: number): number {
  return Math.ceil(columns / SLICE);
}
