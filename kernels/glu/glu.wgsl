// y = silu(gate) * up, where row r of x is gate then up. A thread computes four values.
import package::step::Step;

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
  let gate = x[id.y * 2u * params.quads + id.x];
  let up = x[(id.y * 2u + 1u) * params.quads + id.x];
  y[id.y * params.quads + id.x] = gate / (1.0 + exp(-clamp(gate, vec4f(-80.0), vec4f(80.0)))) * up;
}
