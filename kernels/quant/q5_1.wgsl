// w = d * q + m. Scales hold d and m (f16) and the 32 fifth bits, 8 bytes a block.
import package::weight_bindings::{quants, scales};
import package::group::Group;
import package::bytes::{bytes, BYTE};
import package::fifth_bit::fifth_bits;

fn load_group(q_row: u32, s_row: u32, g: u32) -> Group {
  let v = quants[q_row + g];
  let low = v & vec4u(0x0f0f0f0fu);
  let high = (v >> vec4u(4u)) & vec4u(0x0f0f0f0fu);
  let dm = unpack2x16float(scales[s_row + 2u * g]);
  let qh = scales[s_row + 2u * g + 1u];
  return Group(
    array(
      bytes(low.x | fifth_bits(qh, 0u)), bytes(low.y | fifth_bits(qh, 1u)),
      bytes(low.z | fifth_bits(qh, 2u)), bytes(low.w | fifth_bits(qh, 3u)),
      bytes(high.x | fifth_bits(qh, 4u)), bytes(high.y | fifth_bits(qh, 5u)),
      bytes(high.z | fifth_bits(qh, 6u)), bytes(high.w | fifth_bits(qh, 7u)),
    ),
    vec2f(dm.x * BYTE),
    vec2f(dm.y),
  );
}
