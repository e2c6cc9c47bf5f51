// The product of x with the weights of a row's group, of a type that gives bytes: each byte is made a float where it is
// multiplied and added at once, for software adapters keep in memory whatever lives longer than a few instructions.
// As lib/bytes.wgsl does where it is `masked`, so x is to be given times UNIT.
import package::packed_weight::load_packed;
import package::x_group::X;

fn group_dot(q_row: u32, s_row: u32, g: u32, x: X) -> f32 {
  let p = load_packed(q_row, s_row, g);
  let low = dot_low(p.low.x, x.v[0]) + dot_low(p.low.y, x.v[1]) + dot_low(p.low.z, x.v[2]) + dot_low(p.low.w, x.v[3]);
  let high =
    dot_high(p.high.x, x.v[4]) + dot_high(p.high.y, x.v[5]) + dot_high(p.high.z, x.v[6]) + dot_high(p.high.w, x.v[7]);
  return dot(p.scale, vec2f(low, high)) + dot(p.shift, x.sum);
}

// The conversion of signed integers is one instruction; that of unsigned ones is five.
@if(!pairs) fn dot_low(word: u32, v: vec4f) -> f32 {
  let i = bitcast<i32>(word);
  return f32(i & 0xff) * v.x + f32(i & 0xff00) * v.y + f32(i & 0xff0000) * v.z + f32(word & 0xff000000u) * v.w;
}

@if(!pairs) fn dot_high(word: u32, v: vec4f) -> f32 {
  return dot_low(word, v);
}

@if(pairs) fn dot_low(word: u32, v: vec4f) -> f32 {
  let i = bitcast<i32>(word);
  return f32(i & 0x0f) * v.x + f32(i & 0x0f00) * v.y + f32(i & 0x0f0000) * v.z + f32(i & 0x0f000000) * v.w;
}

@if(pairs) fn dot_high(word: u32, v: vec4f) -> f32 {
  let i = bitcast<i32>(word);
  return f32(i & 0xf0) * v.x + f32(i & 0xf000) * v.y + f32(i & 0xf00000) * v.z + f32(word & 0xf0000000u) * v.w;
}
