// Four packed bytes as floats: byte i is bytes(word)[i] * UNIT[i]. Software adapters perform a shift lane by lane, so
// there (`masked`) bytes stay where they stand in the word, and whoever multiplies by them gives the other
// factor the power of two, which is exact.
@if(masked) const UNIT = vec4f(1.0, 0x1p-8, 0x1p-16, 0x1p-24);
@else const UNIT = vec4f(1.0);

@if(masked) fn bytes(word: u32) -> vec4f {
  // The conversion of signed integers is one instruction; that of unsigned ones is five.
  return vec4f(vec3f(vec3i(bitcast<i32>(word)) & vec3i(0xff, 0xff00, 0xff0000)), f32(word & 0xff000000u));
}

@if(!masked) fn bytes(word: u32) -> vec4f {
  return vec4f(unpack4xU8(word));
}
