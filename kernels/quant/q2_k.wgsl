// w = d * sc * q - dmin * m, sc and m per 16 weights. Of a block's half (128 weights), group n (0..3) is bits
// 2n of 32 bytes.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let block = g >> 3u;
  let half = (g >> 2u) & 1u;
  let n = g & 3u;
  let i = q_row + block * 4u + half * 2u;
  let at = vec4u(2u * n);
  let a = (quants[i] >> at) & vec4u(0x03030303u);
  let b = (quants[i + 1u] >> at) & vec4u(0x03030303u);
  let s = s_row + block * 5u;
  let d = unpack2x16float(scales[s + 4u]);
  let sm = scales[s + half * 2u + (n >> 1u)] >> (16u * (n & 1u));
  return Packed(
    a, b,
    vec2f(f32(sm & 0xfu), f32((sm >> 8u) & 0xfu)) * d.x,
    vec2f(f32((sm >> 4u) & 0xfu), f32((sm >> 12u) & 0xfu)) * -d.y,
  );
}
