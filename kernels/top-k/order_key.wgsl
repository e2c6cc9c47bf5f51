// u32 keys in the order of the floats: what radix selection and integer atomics compare. -0 counts as 0,
// so that the two tie; no number gives key 0, which means "nothing here".
const NO_ID = 0xffffffffu;

fn order_key(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  let flipped = select(bits | 0x80000000u, ~bits, bits > 0x80000000u);
  return max(flipped, 1u);
}

fn from_order_key(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, key >= 0x80000000u));
}
