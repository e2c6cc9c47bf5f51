// Queries times what their position asks for, in place: x *= 1 + scale * log(1 + floor((position + 1) / length)).
// A thread has four values.
import package::step::Step;

struct Params {
  // vec4s of a row, and those of its queries.
  stride: u32,
  quads: u32,
  length: f32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> step: Step;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.quads || id.y >= step.live) {
    return;
  }
  let whole = floor(f32(step.rows[id.y].position + 1u) / params.length);
  let i = id.y * params.stride + id.x;
  x[i] = x[i] * (1.0 + params.scale * log(1.0 + whole));
}
