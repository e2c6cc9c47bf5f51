// 32 consecutive values of a row of x as signed bytes (quantize.wgsl writes them), and their product with a group of
// weights in integers: sum w x = scale * xs * sum(code * q) + shift * (xs * sum(q)) for each half.
import package::packed::Packed;

@group(0) @binding(2) var<storage, read> x: array<vec4u>;

struct Int8Row {
  low: vec4u,
  high: vec4u,
  scale: f32,
  // Of the two halves; the first has both where the weights' halves are of one scale.
  sum: vec2f,
}

fn int8_row(low: vec4u, high: vec4u, rest: vec4u) -> Int8Row {
  let v = bitcast<vec4f>(rest);
  @if(halves) return Int8Row(low, high, v.x, v.yz);
  @if(!halves) return Int8Row(low, high, v.x, vec2f(v.y + v.z, 0.0));
}

// Group `i` of all rows.
fn load_int8(i: u32) -> Int8Row {
  return int8_row(x[3u * i], x[3u * i + 1u], x[3u * i + 2u]);
}

// Codes beyond 127 are taken from -128 on, and the shift makes up for it.
fn signed_codes(codes: vec4u) -> vec4u {
  @if(wide) return codes ^ vec4u(0x80808080u);
  @if(!wide) return codes;
}

fn dot_half(codes: vec4u, q: vec4u) -> i32 {
  let w = signed_codes(codes);
  return dot4I8Packed(w.x, q.x) + dot4I8Packed(w.y, q.y) + dot4I8Packed(w.z, q.z) + dot4I8Packed(w.w, q.w);
}

fn whole_shift(w: Packed) -> vec2f {
  @if(wide) return w.shift + 128.0 * w.scale;
  @if(!wide) return w.shift;
}

@if(halves) fn dot_int8(w: Packed, v: Int8Row) -> f32 {
  let halves = vec2f(f32(dot_half(w.low, v.low)), f32(dot_half(w.high, v.high)));
  return dot(w.scale, halves) * v.scale + dot(whole_shift(w), v.sum);
}

@if(!halves) fn dot_int8(w: Packed, v: Int8Row) -> f32 {
  return f32(dot_half(w.low, v.low) + dot_half(w.high, v.high)) * (w.scale.x * v.scale) + whole_shift(w).x * v.sum.x;
}

fn dot_int8_rows(w0: Packed, w1: Packed, w2: Packed, w3: Packed, v: Int8Row) -> vec4f {
  return vec4f(dot_int8(w0, v), dot_int8(w1, v), dot_int8(w2, v), dot_int8(w3, v));
}
