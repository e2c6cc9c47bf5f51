import package::one_bit::spread_one_bit;

// 128 + v or, where one of the low four bits of `signs` is set, 128 - v, of bytes 0 < v < 128.
fn with_signs(values: vec4u, signs: vec4u) -> vec4u {
  let ones = spread_one_bit(signs);
  return ((values ^ (ones * 0xffu)) + ones) ^ vec4u(0x80808080u);
}

// Eight sign bits of seven: their number is even.
fn even_signs(index: vec4u) -> vec4u {
  return index | ((countOneBits(index) & vec4u(1u)) << vec4u(7u));
}
