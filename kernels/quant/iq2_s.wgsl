// w = +-grid * d * (0.5 + sc) / 4, sc per 16 weights. A group is a word of low index bytes, a word of sign
// bytes 32 bytes later, and in the scales a byte of upper index bits and one of two sc.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::iq2_group::iq2_group;

const CODEBOOK = 512u;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let j = g & 7u;
  let i = q_row + (g >> 3u) * 4u + (j >> 2u);
  let low = vec4u(quants[i][j & 3u]) >> vec4u(0u, 8u, 16u, 24u);
  let signs = vec4u(quants[i + 2u][j & 3u]) >> vec4u(0u, 8u, 16u, 24u);
  let s = CODEBOOK + s_row + (g >> 3u) * 5u;
  let at = 8u * (j & 3u);
  let high = vec4u(scales[s + (j >> 2u)] >> at) << vec4u(8u, 6u, 4u, 2u);
  let sc = scales[s + 2u + (j >> 2u)] >> at;
  let d = unpack2x16float(scales[s + 4u]).x;
  let scale = d * (vec2f(f32(sc & 0xfu), f32((sc >> 4u) & 0xfu)) + 0.5) * 0.25;
  return iq2_group((low & vec4u(0xffu)) | (high & vec4u(0x300u)), signs, scale);
}
