// w = d * q, q signed: read as q + 128, which the shift takes back.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let a = quants[q_row + 2u * g] ^ vec4u(0x80808080u);
  let b = quants[q_row + 2u * g + 1u] ^ vec4u(0x80808080u);
  let pair = unpack2x16float(scales[s_row + (g >> 1u)]);
  let d = select(pair.x, pair.y, (g & 1u) == 1u);
  return Packed(a, b, vec2f(d), vec2f(-128.0 * d));
}
