// The four low bits, one a byte. The shifted copies that the product adds up do not overlap.
fn spread_one_bit(v: vec4u) -> vec4u {
  return ((v & vec4u(0xfu)) * 0x00204081u) & vec4u(0x01010101u);
}
