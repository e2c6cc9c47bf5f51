// Row r of x is B, C and u, `quads` vec4s each; row r of y becomes C, then B * u. A thread computes four values.
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
  if (id.x >= params.quads || id.y >= step.live) {
    return;
  }
  let first = id.y * 3u * params.quads + id.x;
  let to = id.y * 2u * params.quads + id.x;
  y[to] = x[first + params.quads];
  y[to + params.quads] = x[first] * x[first + 2u * params.quads];
}
