// y = activation(gate) * up, where row r of x is gate then up; or plainly y = activation(x). A thread computes
// four values.
import package::step::Step;
import package::activation::activation;

struct Params {
  // vec4s of a row of y.
  quads: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> step: Step;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.quads || id.y >= step.live) {
    return;
  }
  @if(gated) {
    let gate = x[id.y * 2u * params.quads + id.x];
    let up = x[(id.y * 2u + 1u) * params.quads + id.x];
    y[id.y * params.quads + id.x] = activation(gate) * up;
  }
  @if(!gated) { y[id.y * params.quads + id.x] = activation(x[id.y * params.quads + id.x]); }
}
