// y[r, i] = x[r, order[i]]. A thread moves one value.
import package::step::Step;

struct Params {
  columns: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.columns && id.y < step.live) {
    y[id.y * params.columns + id.x] = x[id.y * params.columns + order[id.x]];
  }
}
