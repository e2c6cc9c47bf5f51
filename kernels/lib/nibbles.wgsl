// The low or the high nibbles of bytes, one a byte; the high ones are to be multiplied by HIGH. With `pairs` the bytes stay
// whole, and whoever takes floats of them (packed_dot.wgsl) masks the nibble with the byte.
@if(masked) const HIGH = 0.0625;
@else const HIGH = 1.0;

fn nibbles(v: vec4u, high: bool) -> vec4u {
  @if(masked && !pairs) return v & vec4u(select(0x0f0f0f0fu, 0xf0f0f0f0u, high));
  @if(pairs) return v;
  @if(!masked) return (v >> vec4u(select(0u, 4u, high))) & vec4u(0x0f0f0f0fu);
}
