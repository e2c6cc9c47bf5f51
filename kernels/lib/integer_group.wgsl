// Groups of unsigned integers with a scale and a zero point: w = (q - zero) * scale. Scale word: the scale's 16
// bits, then the zero's; bit 31 tells a bfloat16 scale from a binary16. Layout: dtypes, integer-type.ts.
import package::weight_bindings::{quants, scales};
import package::group::Group;
import package::bytes::{bytes, BYTE};

fn integer_group(q: array<vec4f, 8>, s: u32) -> Group {
  let word = scales[s];
  let scale = select(unpack2x16float(word).x, bitcast<f32>(word << 16u), (word >> 31u) == 1u);
  let zero = f32((word >> 16u) & 0x7fffu);
  return Group(q, vec2f(scale * BYTE), vec2f(-zero * scale));
}

// Word t holds weights 4t.. in its low nibbles and 16 + 4t.. in its high ones.
fn nibble_group(i: u32, s: u32) -> Group {
  let v = quants[i];
  let low = v & vec4u(0x0f0f0f0fu);
  let high = (v >> vec4u(4u)) & vec4u(0x0f0f0f0fu);
  return integer_group(array(
    bytes(low.x), bytes(low.y), bytes(low.z), bytes(low.w),
    bytes(high.x), bytes(high.y), bytes(high.z), bytes(high.w),
  ), s);
}

fn byte_group(i: u32, s: u32) -> Group {
  let a = quants[i];
  let b = quants[i + 1u];
  return integer_group(array(
    bytes(a.x), bytes(a.y), bytes(a.z), bytes(a.w), bytes(b.x), bytes(b.y), bytes(b.z), bytes(b.w),
  ), s);
}
