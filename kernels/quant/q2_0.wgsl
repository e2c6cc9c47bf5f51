// w = d * (q - 1), four weights a byte, lowest first; blocks of 64.
import package::weight_bindings::quants;
import package::packed::Packed;
import package::f16_scale::f16_scale;
import package::two_bits::spread_two_bits;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let four = quants[q_row + (g >> 1u)];
  let v = select(four.xy, four.zw, (g & 1u) == 1u);
  let at = vec4u(0u, 8u, 16u, 24u);
  let a = spread_two_bits((vec4u(v.x) >> at) & vec4u(0xffu));
  let b = spread_two_bits((vec4u(v.y) >> at) & vec4u(0xffu));
  let d = f16_scale(s_row, g >> 1u);
  return Packed(a, b, vec2f(d), vec2f(-d));
}
