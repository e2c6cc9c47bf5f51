// y[r] = (x[r] - mean) / sqrt(mean square + eps) (* weight) (+ bias) (+ residual[r]): layer norm (arXiv 1607.06450);
// without the mean RMS norm (arXiv 1910.07467). A workgroup owns a row; squares are taken about the mean, in a second
// pass, so that nothing cancels.
import package::step::Step;
import package::reduce::sum_workgroup;

struct Params {
  quads: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> step: Step;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read> residual: array<vec4f>;
@group(0) @binding(6) var<uniform> params: Params;

// Stays 0 where nothing is centred.
var<workgroup> mean: f32;
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
  let count = f32(params.quads * 4u);
  @if(centred) {
    var sums = vec4f();
    for (var i = lane; i < params.quads; i += 64u) {
      sums += x[first + i];
    }
    @if(subgroups) let total = sum_workgroup(sums, lane, subgroup_lane);
    @if(!subgroups) let total = sum_workgroup(sums, lane);
    if (lane == 0u) {
      mean = dot(total, vec4f(1.0)) / count;
    }
    workgroupBarrier();
  }
  let middle = mean;
  var squares = vec4f();
  for (var i = lane; i < params.quads; i += 64u) {
    let v = x[first + i] - middle;
    squares += v * v;
  }
  @if(subgroups) let spread = sum_workgroup(squares, lane, subgroup_lane);
  @if(!subgroups) let spread = sum_workgroup(squares, lane);
  if (lane == 0u) {
    inverse = inverseSqrt(dot(spread, vec4f(1.0)) / count + params.epsilon);
  }
  workgroupBarrier();
  let factor = inverse;
  for (var i = lane; i < params.quads; i += 64u) {
    var value = (x[first + i] - middle) * factor;
    @if(weight) { value *= weight[i]; }
    @if(bias) { value += bias[i]; }
    @if(residual) { value += residual[first + i]; }
    y[first + i] = value;
  }
}
