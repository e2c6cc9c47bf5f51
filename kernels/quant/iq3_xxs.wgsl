// w = +-grid * d * (0.5 + sc) / 2. A group is eight codebook indices of a byte and, after all of the block's,
// a word of four sign indices of 7 bits with sc above them.
import package::weight_bindings::quants;
import package::packed::Packed;
import package::f16_scale::f16_scale;
import package::iq3_group::iq3_group;
import package::iq_signs::even_signs;

const CODEBOOK = 256u;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let j = g & 7u;
  let base = q_row + (g >> 3u) * 6u;
  let four = quants[base + (j >> 1u)];
  let v = select(four.xy, four.zw, (j & 1u) == 1u);
  let even = (v.xxyy >> vec4u(0u, 16u, 0u, 16u)) & vec4u(0xffu);
  let odd = (v.xxyy >> vec4u(8u, 24u, 8u, 24u)) & vec4u(0xffu);
  let word = quants[base + 4u + (j >> 2u)][j & 3u];
  let signs = even_signs((vec4u(word) >> vec4u(0u, 7u, 14u, 21u)) & vec4u(0x7fu));
  let scale = f16_scale(CODEBOOK + s_row, g >> 3u) * (0.5 + f32(word >> 28u)) * 0.5;
  return iq3_group(even, odd, signs, scale);
}
