// A codebook at the head of the scales: 16 bits an entry, two bits for each of eight elements.
import package::weight_bindings::scales;

fn entry(index: u32) -> u32 {
  return (scales[index >> 1u] >> (16u * (index & 1u))) & 0xffffu;
}

fn entries(index: vec4u) -> vec4u {
  return vec4u(entry(index.x), entry(index.y), entry(index.z), entry(index.w));
}
