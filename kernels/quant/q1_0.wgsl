// w = d or, where the weight's bit is not set, -d; blocks of 128.
import package::weight_bindings::quants;
import package::packed::Packed;
import package::f16_scale::f16_scale;
import package::one_bit::spread_one_bit;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let v = vec4u(quants[q_row + (g >> 2u)][g & 3u]);
  let a = spread_one_bit(v >> vec4u(0u, 4u, 8u, 12u));
  let b = spread_one_bit(v >> vec4u(16u, 20u, 24u, 28u));
  let d = f16_scale(s_row, g >> 2u);
  return Packed(a, b, vec2f(2.0 * d), vec2f(-d));
}
