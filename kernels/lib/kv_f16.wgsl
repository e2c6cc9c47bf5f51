// KV rows of f16, two a word; needs no shader-f16.
import package::kv_bindings::kv;

fn kv_row_words(dim: u32) -> u32 {
  return dim / 2u;
}

fn kv_load4(row: u32, quad: u32, dim: u32) -> vec4f {
  let i = row + quad * 2u;
  return vec4f(unpack2x16float(kv[i]), unpack2x16float(kv[i + 1u]));
}

@if(append) fn kv_store(row: u32, first_quad: u32, count: u32, dim: u32, values: array<vec4f, 8>) {
  for (var i = 0u; i < count; i++) {
    let word = row + (first_quad + i) * 2u;
    // Beyond the f16 range pack2x16float may give anything.
    let v = clamp(values[i], vec4f(-65504.0), vec4f(65504.0));
    kv[word] = pack2x16float(v.xy);
    kv[word + 1u] = pack2x16float(v.zw);
  }
}
