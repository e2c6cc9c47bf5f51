// The four 2-bit fields of a byte, one a byte.
fn spread_two_bits(v: vec4u) -> vec4u {
  let halves = (v | (v << vec4u(12u))) & vec4u(0x000f000fu);
  return (halves | (halves << vec4u(6u))) & vec4u(0x03030303u);
}
