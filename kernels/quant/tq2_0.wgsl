// w = d * (q - 1). Of a block's half (128 weights), group n (0..3) is bits 2n of 32 bytes.
import package::weight_bindings::quants;
import package::packed::Packed;
import package::f16_scale::f16_scale;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let i = q_row + (g >> 2u) * 2u;
  let at = vec4u(2u * (g & 3u));
  let a = (quants[i] >> at) & vec4u(0x03030303u);
  let b = (quants[i + 1u] >> at) & vec4u(0x03030303u);
  let d = f16_scale(s_row, g >> 3u);
  return Packed(a, b, vec2f(d), vec2f(-d));
}
