// How the IQ types store signs. Seven sign bits are enough for eight elements where the number of minus
// signs is always even: the eighth makes it so.

/** The sign bits of 8 elements (1 = minus) of a 7-bit index. */
export function evenSigns(index: number): number {
  let parity = index ^ (index >> 4);
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  return index | ((parity & 1) << 7);
}

/** `magnitude` with the sign that bit `j` of `signs` gives it. */
export function withSign(magnitude: number, signs: number, j: number): number {
  return (signs >> j) & 1 ? -magnitude : magnitude;
}
