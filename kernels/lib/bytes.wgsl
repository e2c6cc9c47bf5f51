// Four packed bytes as floats, times BYTE. On software adapters the normalising unpack is a third faster
// than the integer one and its conversion (it may be off by one ulp).
@if(unorm) const BYTE = 255.0;
@else const BYTE = 1.0;

fn bytes(word: u32) -> vec4f {
  @if(unorm) return unpack4x8unorm(word);
  @else return vec4f(unpack4xU8(word));
}
