// y = cap * tanh(x / cap). A thread computes four values.
import package::step::Step;

struct Params {
  quads: u32,
  cap: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> step: Step;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.quads || id.y >= step.live) {
    return;
  }
  let i = id.y * params.quads + id.x;
  // tanh of a large argument is NaN on some drivers.
  y[i] = params.cap * tanh(clamp(x[i] / params.cap, vec4f(-15.0), vec4f(15.0)));
}
