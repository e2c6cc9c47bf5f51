// w = d * (q - 16). Scales hold d (f16) and the 32 fifth bits, 6 bytes a block.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::fifth_bit::fifth_bits;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let v = quants[q_row + g];
  let low = v & vec4u(0x0f0f0f0fu);
  let high = (v >> vec4u(4u)) & vec4u(0x0f0f0f0fu);
  let i = s_row + ((g * 3u) >> 1u);
  let odd = (g & 1u) == 1u;
  let a = scales[i];
  let b = scales[i + 1u];
  let d = select(unpack2x16float(a).x, unpack2x16float(a).y, odd);
  let qh = select((a >> 16u) | (b << 16u), b, odd);
  return Packed(
    low | vec4u(fifth_bits(qh, 0u), fifth_bits(qh, 1u), fifth_bits(qh, 2u), fifth_bits(qh, 3u)),
    high | vec4u(fifth_bits(qh, 4u), fifth_bits(qh, 5u), fifth_bits(qh, 6u), fifth_bits(qh, 7u)),
    vec2f(d),
    vec2f(-16.0 * d),
  );
}
