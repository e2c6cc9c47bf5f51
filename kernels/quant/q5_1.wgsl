// w = d * q + m. Scales hold d and m (f16) and the 32 fifth bits, 8 bytes a block.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::fifth_bit::fifth_bits;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let v = quants[q_row + g];
  let low = v & vec4u(0x0f0f0f0fu);
  let high = (v >> vec4u(4u)) & vec4u(0x0f0f0f0fu);
  let dm = unpack2x16float(scales[s_row + 2u * g]);
  let qh = scales[s_row + 2u * g + 1u];
  return Packed(
    low | vec4u(fifth_bits(qh, 0u), fifth_bits(qh, 1u), fifth_bits(qh, 2u), fifth_bits(qh, 3u)),
    high | vec4u(fifth_bits(qh, 4u), fifth_bits(qh, 5u), fifth_bits(qh, 6u), fifth_bits(qh, 7u)),
    vec2f(dm.x),
    vec2f(dm.y),
  );
}
