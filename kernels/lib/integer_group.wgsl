// Groups of unsigned integers with a scale and a zero point: w = (q - zero) * scale. Scale word: the scale's 16
// bits, then the zero's; bit 31 tells a bfloat16 scale from a binary16. Layout: dtypes, integer-type.ts.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::nibbles::{HIGH, nibbles};

// `second`: what the bytes of `high` are to be multiplied by.
fn integer_group(low: vec4u, high: vec4u, second: f32, s: u32) -> Packed {
  let word = scales[s];
  let scale = select(unpack2x16float(word).x, bitcast<f32>(word << 16u), (word >> 31u) == 1u);
  let zero = f32((word >> 16u) & 0x7fffu);
  return Packed(low, high, vec2f(scale, scale * second), vec2f(-zero * scale));
}

// Word t holds weights 4t.. in its low nibbles and 16 + 4t.. in its high ones.
fn nibble_group(i: u32, s: u32) -> Packed {
  let v = quants[i];
  return integer_group(nibbles(v, false), nibbles(v, true), HIGH, s);
}

fn byte_group(i: u32, s: u32) -> Packed {
  return integer_group(quants[i], quants[i + 1u], 1.0, s);
}
