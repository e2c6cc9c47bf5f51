// w = +-grid * d * (0.5 + sc) / 4. A group is two words: four codebook indices of a byte, then four sign
// indices of 7 bits with sc above them.
import package::weight_bindings::quants;
import package::packed::Packed;
import package::f16_scale::f16_scale;
import package::iq2_group::iq2_group;
import package::iq_signs::even_signs;

const CODEBOOK = 128u;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let four = quants[q_row + (g >> 1u)];
  let v = select(four.xy, four.zw, (g & 1u) == 1u);
  let index = (vec4u(v.x) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(0xffu);
  let signs = even_signs((vec4u(v.y) >> vec4u(0u, 7u, 14u, 21u)) & vec4u(0x7fu));
  let scale = f16_scale(CODEBOOK + s_row, g >> 3u) * (0.5 + f32(v.y >> 28u)) * 0.25;
  return iq2_group(index, signs, vec2f(scale));
}
