// w = 2^(e - 128) * v, v twice an FP4 number. Word t holds weights 4t.. in its low nibbles and 16 + 4t.. in
// its high ones. Scales are bytes e. Those of 0 and 1 are subnormal in f32, so an adapter that flushes
// subnormals gives zeros for weights below 2^-123.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::fp4::fp4;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let v = quants[q_row + g];
  let a = fp4(v & vec4u(0x0f0f0f0fu));
  let b = fp4((v >> vec4u(4u)) & vec4u(0x0f0f0f0fu));
  let e = (scales[s_row + (g >> 2u)] >> (8u * (g & 3u))) & 0xffu;
  let scale = bitcast<f32>(select((e - 1u) << 23u, 0x00200000u << e, e < 2u));
  return Packed(a, b, vec2f(scale), vec2f(scale * -16.0));
}
