// w = (grid + delta) * d * (2 sc + 1), sc per 16 weights. A group is a word of low index bytes and, after all
// of the block's, 16 bits: for each vector three upper index bits and the sign of its delta. The scales are
// 16 bits for 64 weights: four sc of three bits, and above them four bits of the block's d.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::iq1_group::iq1_group;

const CODEBOOK = 1024u;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let j = g & 7u;
  let base = q_row + (g >> 3u) * 3u;
  let low = vec4u(quants[base + (j >> 2u)][j & 3u]) >> vec4u(0u, 8u, 16u, 24u);
  let qh = vec4u(quants[base + 2u][j >> 1u] >> (16u * (j & 1u))) >> vec4u(0u, 4u, 8u, 12u);
  let s = CODEBOOK + s_row + (g >> 3u) * 2u;
  let a = scales[s];
  let b = scales[s + 1u];
  let d_bits = ((a >> 12u) & 0xfu) | ((a >> 24u) & 0xf0u) | ((b >> 4u) & 0xf00u) | ((b >> 16u) & 0xf000u);
  let d = unpack2x16float(d_bits).x;
  let sc = select(a, b, j >= 4u) >> (16u * ((j >> 1u) & 1u) + 6u * (j & 1u));
  let scale = d * vec2f(f32(2u * (sc & 7u) + 1u), f32(2u * ((sc >> 3u) & 7u) + 1u));
  let index = (low & vec4u(0xffu)) | ((qh & vec4u(7u)) << vec4u(8u));
  return iq1_group(index, (qh >> vec4u(3u)) & vec4u(1u), scale);
}
