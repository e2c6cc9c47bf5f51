// w = +-grid * d * (0.5 + sc) / 4, sc per 16 weights. A group is four codes of 16 bits: a codebook index of 9
// and a sign index of 7.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::iq2_group::iq2_group;
import package::iq_signs::even_signs;

const CODEBOOK = 256u;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let four = quants[q_row + (g >> 1u)];
  let v = select(four.xy, four.zw, (g & 1u) == 1u);
  let code = vec4u(v.x & 0xffffu, v.x >> 16u, v.y & 0xffffu, v.y >> 16u);
  let s = CODEBOOK + s_row + (g >> 3u) * 3u;
  let j = g & 7u;
  let sc = scales[s + (j >> 2u)] >> (8u * (j & 3u));
  let d = unpack2x16float(scales[s + 2u]).x;
  let scale = d * (vec2f(f32(sc & 0xfu), f32((sc >> 4u) & 0xfu)) + 0.5) * 0.25;
  return iq2_group(code & vec4u(511u), even_signs(code >> vec4u(9u)), scale);
}
