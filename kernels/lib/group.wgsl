// 32 consecutive weights of a row. Weight i of half h (16 weights) is q[i] * scale[h] + shift[h], where
// vec4s of raw bytes count in UNIT (bytes.wgsl); the product is exact in f32 for every type, so decoding this
// way gives the reference's bits.
struct Group {
  q: array<vec4f, 8>,
  scale: vec2f,
  shift: vec2f,
}
