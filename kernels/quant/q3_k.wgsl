// w = d * sc * (q - 4), sc (signed) per 16 weights. Of a block's half (128 weights), group n (0..3) takes its
// low two bits from bits 2n of 32 bytes and the third from bit 4 * half + n of the 32 mask bytes.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let block = g >> 3u;
  let half = (g >> 2u) & 1u;
  let n = g & 3u;
  let base = q_row + block * 6u;
  let low_at = vec4u(2u * n);
  let high_at = vec4u(g & 7u);
  let la = (quants[base + half * 2u] >> low_at) & vec4u(0x03030303u);
  let lb = (quants[base + half * 2u + 1u] >> low_at) & vec4u(0x03030303u);
  let a = la | (((quants[base + 4u] >> high_at) & vec4u(0x01010101u)) << vec4u(2u));
  let b = lb | (((quants[base + 5u] >> high_at) & vec4u(0x01010101u)) << vec4u(2u));
  let s = s_row + block * 5u;
  let d = unpack2x16float(scales[s + 4u]).x;
  let pair = bitcast<i32>(scales[s + half * 2u + (n >> 1u)]) << (16u * (1u - (n & 1u)));
  let scale = d * vec2f(f32((pair << 8u) >> 24u), f32(pair >> 24u));
  return Packed(a, b, scale, scale * -4.0);
}
