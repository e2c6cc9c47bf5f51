// 32 weights as eight codebook entries of four magnitudes (a word each, at the head of the scales), and a
// byte of signs for each two.
import package::packed::Packed;
import package::weight_bindings::scales;
import package::iq_signs::with_signs;

fn words_at(index: vec4u) -> vec4u {
  return vec4u(scales[index.x], scales[index.y], scales[index.z], scales[index.w]);
}

fn iq3_group(even: vec4u, odd: vec4u, signs: vec4u, scale: f32) -> Packed {
  let a = with_signs(words_at(even), signs);
  let b = with_signs(words_at(odd), signs >> vec4u(4u));
  return Packed(vec4u(a.x, b.x, a.y, b.y), vec4u(a.z, b.z, a.w, b.w), vec2f(scale), vec2f(scale * -128.0));
}
