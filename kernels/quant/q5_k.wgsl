// w = d * sc * q - dmin * m. Of a block of 256, groups 2j and 2j+1 are the low and high nibbles of 32 bytes;
// bit j of 32 more bytes is the fifth of group j.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::six_bit_scales::scale_and_min;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let block = g >> 3u;
  let j = g & 7u;
  let base = q_row + block * 10u;
  let i = base + (j >> 1u) * 2u;
  let low_at = vec4u(4u * (j & 1u));
  let high_at = vec4u(j);
  let la = (quants[i] >> low_at) & vec4u(0x0f0f0f0fu);
  let lb = (quants[i + 1u] >> low_at) & vec4u(0x0f0f0f0fu);
  let a = la | (((quants[base + 8u] >> high_at) & vec4u(0x01010101u)) << vec4u(4u));
  let b = lb | (((quants[base + 9u] >> high_at) & vec4u(0x01010101u)) << vec4u(4u));
  let s = s_row + block * 4u;
  let d = unpack2x16float(scales[s]);
  let sm = scale_and_min(scales[s + 1u], scales[s + 2u], scales[s + 3u], j);
  return Packed(a, b, vec2f(d.x * sm.x), vec2f(-(d.y * sm.y)));
}
