// w = d * q + m. Word t holds weights 4t.. in its low nibbles and 16 + 4t.. in its high ones.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::nibbles::{HIGH, nibbles};

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let v = quants[q_row + g];
  let low = nibbles(v, false);
  let high = nibbles(v, true);
  let dm = unpack2x16float(scales[s_row + g]);
  return Packed(low, high, vec2f(dm.x, dm.x * HIGH), vec2f(dm.y));
}
