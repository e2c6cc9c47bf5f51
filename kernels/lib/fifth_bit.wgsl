// Bit 4 of four 5-bit quants: bits t*4 .. t*4+3 of `high`, one a byte, worth 16. The shifted copies that the
// product adds up do not overlap.
fn fifth_bits(high: u32, t: u32) -> u32 {
  return ((((high >> (4u * t)) & 0xfu) * 0x00204081u) & 0x01010101u) << 4u;
}
