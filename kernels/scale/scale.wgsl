// y = x * factor (+ residual). A thread computes four values.
import package::step::Step;

struct Params {
  quads: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> residual: array<vec4f>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.quads || id.y >= step.live) {
    return;
  }
  let i = id.y * params.quads + id.x;
  var value = x[i] * params.factor;
  @if(residual) { value += residual[i]; }
  y[i] = value;
}
