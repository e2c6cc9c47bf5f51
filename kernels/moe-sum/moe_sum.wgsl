// y = residual + the experts' results of a row, each times its weight, + the shared expert's, which may have a
// gate of its own. A thread computes four values.
import package::step::Step;
import package::route::Route;

struct Params {
  // vec4s of a row.
  quads: u32,
  // Slots a row.
  used: u32,
}

// [rows * used, columns]
@group(0) @binding(0) var<storage, read> slots: array<vec4f>;
@group(0) @binding(1) var<storage, read> routes: array<Route>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read> residual: array<vec4f>;
@group(0) @binding(4) var<storage, read> shared_expert: array<vec4f>;
// [rows]
@group(0) @binding(5) var<storage, read> shared_gate: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y;
  if (id.x >= params.quads || row >= step.live) {
    return;
  }
  let at = row * params.quads + id.x;
  var sum = vec4f();
  for (var n = 0u; n < params.used; n++) {
    let slot = row * params.used + n;
    let result = slots[slot * params.quads + id.x];
    @if(weighted) { sum += result * routes[slot].weight; }
    @else { sum += result; }
  }
  @if(gated) {
    sum += shared_expert[at] / (1.0 + exp(-clamp(shared_gate[row], -80.0, 80.0)));
  }
  @if(with_shared && !gated) { sum += shared_expert[at]; }
  @if(with_residual) { sum += residual[at]; }
  y[at] = sum;
}
