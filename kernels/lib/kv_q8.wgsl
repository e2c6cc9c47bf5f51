// KV rows of signed bytes, then one f32 scale for each 32 of them (or what is left at the end).
import package::kv_bindings::kv;

fn kv_row_words(dim: u32) -> u32 {
  return dim / 4u + (dim + 31u) / 32u;
}

// Bytes are masked where they stand, since software adapters perform a shift lane by lane: the topmost has its sign there,
// the others get 128 on top. All of it is exact.
fn kv_load4(row: u32, quad: u32, dim: u32) -> vec4f {
  let scale = bitcast<f32>(kv[row + dim / 4u + quad / 8u]);
  let word = bitcast<i32>(kv[row + quad]);
  let bytes = vec4f((vec4i(word) ^ vec4i(0x80, 0x8000, 0x800000, 0)) & vec4i(0xff, 0xff00, 0xff0000, -0x1000000));
  return (bytes * vec4f(1.0, 0x1p-8, 0x1p-16, 0x1p-24) - vec4f(128.0, 128.0, 128.0, 0.0)) * scale;
}

// `first_quad` is a multiple of 8, so that the values are one scale's.
@if(append) fn kv_store(row: u32, first_quad: u32, count: u32, dim: u32, values: array<vec4f, 8>) {
  var most = vec4f(0.0);
  for (var i = 0u; i < count; i++) {
    most = max(most, abs(values[i]));
  }
  let scale = max(max(most.x, most.y), max(most.z, most.w)) / 127.0;
  let inverse = select(0.0, 1.0 / scale, scale > 0.0);
  for (var i = 0u; i < count; i++) {
    kv[row + first_quad + i] = pack4xI8(vec4i(round(values[i] * inverse)));
  }
  kv[row + dim / 4u + first_quad / 8u] = bitcast<u32>(scale);
}
