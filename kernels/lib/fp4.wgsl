// 16 + v of the four FP4 (E2M1) nibbles in a word's bytes; v is twice the value: 0, 1, 2, 3, 4, 6, 8, 12 and
// the same below zero.
fn fp4(nibbles: vec4u) -> vec4u {
  let ones = vec4u(0x01010101u);
  let low = nibbles & vec4u(0x03030303u);
  // From 4 on the steps are wider: 4 + 0, 1, 2, 3 grows by 0, 1, 2, 5.
  let wider = low + 2u * (low & (low >> vec4u(1u)) & ones);
  let upper = ((nibbles >> vec4u(2u)) & ones) * 7u;
  let magnitude = (nibbles & vec4u(0x07070707u)) + (wider & upper);
  let minus = (nibbles >> vec4u(3u)) & ones;
  return (magnitude ^ (minus * 15u)) + vec4u(0x10101010u) - minus * 15u;
}
