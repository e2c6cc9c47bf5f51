// y[r] = x[r] / sqrt(mean(x[r]^2) + eps) * weight (+ residual[r]): RMS norm, arXiv 1910.07467. A workgroup owns a row.
import package::step::Step;
import package::reduce::sum_workgroup;

struct Params {
  quads: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> inverse: f32;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @if(subgroups) @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  if (group.x >= step.live) {
    return;
  }
  let first = group.x * params.quads;
  var squares = vec4f();
  for (var i = lane; i < params.quads; i += 64u) {
    let v = x[first + i];
    squares += v * v;
  }
  @if(subgroups) let total = sum_workgroup(squares, lane, subgroup_lane);
  @if(!subgroups) let total = sum_workgroup(squares, lane);
  if (lane == 0u) {
    let sum = total.x + total.y + total.z + total.w;
    inverse = inverseSqrt(sum / f32(params.quads * 4u) + params.epsilon);
  }
  workgroupBarrier();
  let factor = inverse;
  for (var i = lane; i < params.quads; i += 64u) {
    var value = x[first + i] * factor * weight[i];
    @if(residual) { value += residual[first + i]; }
    y[first + i] = value;
  }
}
