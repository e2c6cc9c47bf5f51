// 32 weights as four codebook entries of eight ternary values and a sign of delta (1/8) for each. The delta
// is folded into the quants in eighths: 8 (code - 1) +- 1 = (8 code + 2 or 0) - 9.
import package::packed::Packed;
import package::codebook_eights::entries;
import package::two_bits::spread_two_bits;

fn iq1_group(index: vec4u, minus: vec4u, scale: vec2f) -> Packed {
  let e = entries(index);
  let delta = (vec4u(1u) - minus) * 0x02020202u;
  let a = spread_two_bits(e & vec4u(0xffu)) * 8u + delta;
  let b = spread_two_bits(e >> vec4u(8u)) * 8u + delta;
  return Packed(vec4u(a.x, b.x, a.y, b.y), vec4u(a.z, b.z, a.w, b.w), scale * 0.125, scale * -1.125);
}
