// 32 weights as four codebook entries of eight magnitudes, and a byte of signs for each.
import package::packed::Packed;
import package::codebook_eights::entries;
import package::iq_signs::with_signs;
import package::two_bits::spread_two_bits;

// Codes 0, 1, 2 stand for 8, 25, 43.
fn magnitudes(entry_byte: vec4u) -> vec4u {
  let code = spread_two_bits(entry_byte);
  return code * 17u + ((code >> vec4u(1u)) & vec4u(0x01010101u)) + vec4u(0x08080808u);
}

fn iq2_group(index: vec4u, signs: vec4u, scale: vec2f) -> Packed {
  let e = entries(index);
  let a = with_signs(magnitudes(e & vec4u(0xffu)), signs);
  let b = with_signs(magnitudes(e >> vec4u(8u)), signs >> vec4u(4u));
  return Packed(vec4u(a.x, b.x, a.y, b.y), vec4u(a.z, b.z, a.w, b.w), scale, scale * -128.0);
}
