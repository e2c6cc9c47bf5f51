// RMS norm, in place, of `count` neighbours of `quads` vec4s in each row: queries or keys before RoPE. A
// thread owns one of them: they are short, and many.
import package::step::Step;

struct Params {
  // vec4s of a row, and where the first head begins in it.
  stride: u32,
  first: u32,
  count: u32,
  quads: u32,
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
  var squares = 0.0;
  for (var i = 0u; i < params.quads; i++) {
    let v = x[start + i];
    squares += dot(v, v);
  }
  let factor = inverseSqrt(squares / f32(params.quads * 4u) + params.epsilon);
  for (var i = 0u; i < params.quads; i++) {
    x[start + i] = x[start + i] * factor * weight[i];
  }
}
