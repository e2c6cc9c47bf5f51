// KV rows of f32.
import package::kv_bindings::kv;

fn kv_row_words(dim: u32) -> u32 {
  return dim;
}

fn kv_load4(row: u32, quad: u32, dim: u32) -> vec4f {
  let i = row + quad * 4u;
  return bitcast<vec4f>(vec4u(kv[i], kv[i + 1u], kv[i + 2u], kv[i + 3u]));
}

@if(append) fn kv_store(row: u32, first_quad: u32, count: u32, dim: u32, values: array<vec4f, 8>) {
  for (var i = 0u; i < count; i++) {
    let word = row + (first_quad + i) * 4u;
    let v = bitcast<vec4u>(values[i]);
    kv[word] = v.x;
    kv[word + 1u] = v.y;
    kv[word + 2u] = v.z;
    kv[word + 3u] = v.w;
  }
}
