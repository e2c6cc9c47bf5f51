// 32 weights as four codebook entries of eight ternary values and a sign of delta (1/8) for each. The delta
// is folded into the quants in eighths: 8 (code - 1) +- 1 = (8 code + 2 or 0) - 9.
import package::group::Group;
import package::bytes::{bytes, BYTE};
import package::codebook_eights::entries;
import package::two_bits::spread_two_bits;

fn iq1_group(index: vec4u, minus: vec4u, scale: vec2f) -> Group {
  let e = entries(index);
  let delta = (vec4u(1u) - minus) * 0x02020202u;
  let a = spread_two_bits(e & vec4u(0xffu)) * 8u + delta;
  let b = spread_two_bits(e >> vec4u(8u)) * 8u + delta;
  return Group(
    array(bytes(a.x), bytes(b.x), bytes(a.y), bytes(b.y), bytes(a.z), bytes(b.z), bytes(a.w), bytes(b.w)),
    scale * (0.125 * BYTE),
    scale * -1.125,
  );
}
