// x = clamp(x, -most, most), in place. A thread has four values.
import package::step::Step;

struct Params {
  quads: u32,
  most: f32,
}

@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> step: Step;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.quads || id.y >= step.live) {
    return;
  }
  let i = id.y * params.quads + id.x;
  x[i] = clamp(x[i], vec4f(-params.most), vec4f(params.most));
}
