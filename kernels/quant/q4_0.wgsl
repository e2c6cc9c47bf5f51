// w = d * (q - 8). Word t holds weights 4t.. in its low nibbles and 16 + 4t.. in its high ones.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::nibbles::{HIGH, nibbles};

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let v = quants[q_row + g];
  let low = nibbles(v, false);
  let high = nibbles(v, true);
  let pair = unpack2x16float(scales[s_row + (g >> 1u)]);
  let d = select(pair.x, pair.y, (g & 1u) == 1u);
  return Packed(low, high, vec2f(d, d * HIGH), vec2f(-8.0 * d));
}
