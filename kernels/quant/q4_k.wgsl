// w = d * sc * q - dmin * m. Of a block of 256, groups 2j and 2j+1 are the low and high nibbles of 32 bytes.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::nibbles::{HIGH, nibbles};
import package::six_bit_scales::scale_and_min;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let block = g >> 3u;
  let j = g & 7u;
  let i = q_row + block * 8u + (j >> 1u) * 2u;
  let high = (j & 1u) == 1u;
  let a = nibbles(quants[i], high);
  let b = nibbles(quants[i + 1u], high);
  let s = s_row + block * 4u;
  let d = unpack2x16float(scales[s]);
  let sm = scale_and_min(scales[s + 1u], scales[s + 2u], scales[s + 3u], j);
  return Packed(a, b, vec2f(d.x * sm.x * select(1.0, HIGH, high)), vec2f(-(d.y * sm.y)));
}
