// 32 consecutive weights of a row as bytes, four a word, in order: `low` the first half, `high` the second. Weight i
// of half h is code[i] * scale[h] + shift[h]; codes are unsigned.
struct Packed {
  low: vec4u,
  high: vec4u,
  scale: vec2f,
  shift: vec2f,
}
