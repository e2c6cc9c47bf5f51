// w = d * sc * (q - 32), sc per 16 weights. Of a block's half (128 weights), group n (0..3) takes its low
// four bits from 32 bytes of ql (nibble n / 2 of byte l + 32 * (n % 2)) and its high two from qh, bits 2n.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let block = g >> 3u;
  let n = g & 3u;
  let half = (g >> 2u) & 1u;
  let base = q_row + block * 12u;
  let ql = base + half * 4u + (n & 1u) * 2u;
  let qh = base + 8u + half * 2u;
  let low_at = vec4u(4u * (n >> 1u));
  let high_at = vec4u(2u * n);
  let la = (quants[ql] >> low_at) & vec4u(0x0f0f0f0fu);
  let lb = (quants[ql + 1u] >> low_at) & vec4u(0x0f0f0f0fu);
  let ha = ((quants[qh] >> high_at) & vec4u(0x03030303u)) << vec4u(4u);
  let hb = ((quants[qh + 1u] >> high_at) & vec4u(0x03030303u)) << vec4u(4u);
  let s = s_row + block * 5u;
  let d = unpack2x16float(scales[s + 4u]).x;
  let pair = bitcast<i32>(scales[s + half * 2u + (n >> 1u)]) << (16u * (1u - (n & 1u)));
  let scale = d * vec2f(f32((pair << 8u) >> 24u), f32(pair >> 24u));
  return Packed(la | ha, lb | hb, scale, scale * -32.0);
}
