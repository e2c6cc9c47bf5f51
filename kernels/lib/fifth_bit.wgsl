// Bit 4 of four 5-bit quants: bits t*4 .. t*4+3 of `high`, one a byte, worth 16.
fn fifth_bits(high: u32, t: u32) -> u32 {
  let four = (high >> (4u * t)) & 0xfu;
  return ((four & 1u) << 4u) | ((four & 2u) << 11u) | ((four & 4u) << 18u) | ((four & 8u) << 25u);
}
