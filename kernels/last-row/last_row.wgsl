// y = the last live row of x. A thread copies four values.
import package::step::Step;

struct Params {
  quads: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> step: Step;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.quads && step.live > 0u) {
    y[id.x] = x[(step.live - 1u) * params.quads + id.x];
  }
}
