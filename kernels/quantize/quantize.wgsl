// Activations as signed bytes, a thread a group of 32: the largest magnitude becomes 127.
import package::step::Step;

struct Params {
  groups: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> step: Step;
// Three a group: bytes of the first half, of the second; then scale and scaled sums of the halves, as floats.
@group(0) @binding(2) var<storage, read_write> y: array<vec4u>;
@group(0) @binding(3) var<uniform> params: Params;

// Below it 127 / largest overflows; nothing would be seen of such values.
const SMALLEST = 0x1p-100;

fn largest_of(v: vec4f) -> f32 {
  let two = max(abs(v.xy), abs(v.zw));
  return max(two.x, two.y);
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.groups || id.y >= step.live) {
    return;
  }
  let group = id.y * params.groups + id.x;
  let i = group * 8u;
  var largest = 0.0;
  for (var n = 0u; n < 8u; n++) {
    largest = max(largest, largest_of(x[i + n]));
  }
  let some = largest >= SMALLEST;
  let inverse = select(0.0, 127.0 / largest, some);
  let scale = select(0.0, largest / 127.0, some);
  var sums = vec2f();
  for (var half = 0u; half < 2u; half++) {
    var words = vec4u();
    var sum = vec4i();
    for (var n = 0u; n < 4u; n++) {
      let q = vec4i(clamp(round(x[i + 4u * half + n] * inverse), vec4f(-127.0), vec4f(127.0)));
      words[n] = pack4xI8(q);
      sum += q;
    }
    y[group * 3u + half] = words;
    sums[half] = scale * f32(sum.x + sum.y + sum.z + sum.w);
  }
  y[group * 3u + 2u] = bitcast<vec4u>(vec4f(scale, sums, 0.0));
}
