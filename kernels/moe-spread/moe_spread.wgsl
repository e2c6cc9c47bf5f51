// A row for each of its experts, times the expert's weight: what goes in where weights do not wait for the result.
import package::step::Step;
import package::route::Route;

struct Params {
  quads: u32,
  used: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> routes: array<Route>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y / params.used;
  if (id.x >= params.quads || row >= step.live) {
    return;
  }
  y[id.y * params.quads + id.x] = x[row * params.quads + id.x] * routes[id.y].weight;
}
