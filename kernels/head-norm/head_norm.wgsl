// RMS norm (or layer norm), in place, of `count` neighbours of `quads` vec4s in each row: queries or keys before
// RoPE. A thread owns one of them: they are short, and many.
import package::step::Step;

struct Params {
  // vec4s of a row, and where the first head begins in it.
  stride: u32,
  first: u32,
  count: u32,
  quads: u32,
  // From one head's weights to the next one's: 0 where heads share them.
  weight_stride: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.count || id.y >= step.live) {
    return;
  }
  let start = id.y * params.stride + params.first + id.x * params.quads;
  let size = f32(params.quads * 4u);
  var mean = 0.0;
  @if(centred) {
    var sums = vec4f();
    for (var i = 0u; i < params.quads; i++) {
      sums += x[start + i];
    }
    mean = dot(sums, vec4f(1.0)) / size;
  }
  var squares = 0.0;
  for (var i = 0u; i < params.quads; i++) {
    let v = x[start + i] - mean;
    squares += dot(v, v);
  }
  let factor = inverseSqrt(squares / size + params.epsilon);
  for (var i = 0u; i < params.quads; i++) {
    x[start + i] = (x[start + i] - mean) * factor * weight[id.x * params.weight_stride + i];
  }
}
