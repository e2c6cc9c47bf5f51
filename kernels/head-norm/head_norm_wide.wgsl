// The same RMS norm (or layer norm), in place, with a workgroup for each part: queries or keys that are normed
// over their whole width (OLMo 2).
import package::step::Step;
import package::reduce::sum_workgroup;

struct Params {
  // vec4s of a row, and where the first part begins in it.
  stride: u32,
  first: u32,
  count: u32,
  quads: u32,
  // From one part's weights to the next one's: 0 where they share them.
  weight_stride: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> mean: f32;
var<workgroup> inverse: f32;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @if(subgroups) @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  if (group.y >= step.live) {
    return;
  }
  let start = group.y * params.stride + params.first + group.x * params.quads;
  let size = f32(params.quads * 4u);
  @if(centred) {
    var sums = vec4f();
    for (var i = lane; i < params.quads; i += 64u) {
      sums += x[start + i];
    }
    @if(subgroups) let total = sum_workgroup(sums, lane, subgroup_lane);
    @if(!subgroups) let total = sum_workgroup(sums, lane);
    if (lane == 0u) {
      mean = dot(total, vec4f(1.0)) / size;
    }
    workgroupBarrier();
  }
  let middle = mean;
  var squares = vec4f();
  for (var i = lane; i < params.quads; i += 64u) {
    let v = x[start + i] - middle;
    squares += v * v;
  }
  @if(subgroups) let spread = sum_workgroup(squares, lane, subgroup_lane);
  @if(!subgroups) let spread = sum_workgroup(squares, lane);
  if (lane == 0u) {
    inverse = inverseSqrt(dot(spread, vec4f(1.0)) / size + params.epsilon);
  }
  workgroupBarrier();
  let factor = inverse;
  for (var i = lane; i < params.quads; i += 64u) {
    x[start + i] = (x[start + i] - middle) * factor * weight[group.x * params.weight_stride + i];
  }
}
