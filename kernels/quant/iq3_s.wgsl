// w = +-grid * d * (1 + 2 sc). A group is eight low index bytes, a word of sign bytes after all of the
// block's, and in the scales a byte of the ninth index bits and a nibble sc.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::iq3_group::iq3_group;

const CODEBOOK = 512u;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let j = g & 7u;
  let base = q_row + (g >> 3u) * 6u;
  let four = quants[base + (j >> 1u)];
  let v = select(four.xy, four.zw, (j & 1u) == 1u);
  let s = CODEBOOK + s_row + (g >> 3u) * 4u;
  let high = vec4u(scales[s + (j >> 2u)] >> (8u * (j & 3u)));
  let ninth = vec4u(256u);
  let even = ((v.xxyy >> vec4u(0u, 16u, 0u, 16u)) & vec4u(0xffu)) | ((high << vec4u(8u, 6u, 4u, 2u)) & ninth);
  let odd = ((v.xxyy >> vec4u(8u, 24u, 8u, 24u)) & vec4u(0xffu)) | ((high << vec4u(7u, 5u, 3u, 1u)) & ninth);
  let signs = vec4u(quants[base + 4u + (j >> 2u)][j & 3u]) >> vec4u(0u, 8u, 16u, 24u);
  let sc = (scales[s + 2u] >> (4u * j)) & 0xfu;
  let d = unpack2x16float(scales[s + 3u]).x;
  return iq3_group(even, odd, signs, d * f32(2u * sc + 1u));
}
