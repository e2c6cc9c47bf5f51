// w = d * q + m. Word t holds weights 4t.. in its low nibbles and 16 + 4t.. in its high ones.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let v = quants[q_row + g];
  let low = v & vec4u(0x0f0f0f0fu);
  let high = (v >> vec4u(4u)) & vec4u(0x0f0f0f0fu);
  let dm = unpack2x16float(scales[s_row + g]);
  return Packed(low, high, vec2f(dm.x), vec2f(dm.y));
}
