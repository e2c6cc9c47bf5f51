// w = (grid + delta) * d * (2 sc + 1). A group is a word of low index bytes and, after all of the block's, 16
// bits: three upper index bits a vector, sc of three, the sign of delta.
import package::weight_bindings::quants;
import package::packed::Packed;
import package::f16_scale::f16_scale;
import package::iq1_group::iq1_group;

const CODEBOOK = 1024u;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let j = g & 7u;
  let base = q_row + (g >> 3u) * 3u;
  let low = vec4u(quants[base + (j >> 2u)][j & 3u]) >> vec4u(0u, 8u, 16u, 24u);
  let qh = quants[base + 2u][j >> 1u] >> (16u * (j & 1u));
  let high = (vec4u(qh) >> vec4u(0u, 3u, 6u, 9u)) & vec4u(7u);
  let scale = f16_scale(CODEBOOK + s_row, g >> 3u) * f32(2u * ((qh >> 12u) & 7u) + 1u);
  return iq1_group((low & vec4u(0xffu)) | (high << vec4u(8u)), vec4u((qh >> 15u) & 1u), vec2f(scale));
}
