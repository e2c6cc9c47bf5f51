// GEMV for real GPUs: a workgroup of 64 owns four weight rows and one row of x; lanes stride over the
// inner size and their partial sums meet at the end, by subgroups where the adapter has them.
import package::matmul_io::{params, step, place, x_start, weight_row, store};
@if(glu) import package::matmul_io::gated;
import package::weight::load_group;
import package::x_group::{dot_groups, load_x};
import package::reduce::sum_workgroup;

@if(glu) const OUTPUTS = 2u;
@else const OUTPUTS = 4u;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @if(subgroups) @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  let output = place(group.x, group.z, count.x) * OUTPUTS;
  let row = group.y;
  if (output >= params.outputs || row >= step.live) {
    return;
  }
  let last = params.outputs - 1u;
  @if(glu) let rows = vec4u(
    output, min(output + 1u, last), weight_row(output, 1u), weight_row(min(output + 1u, last), 1u),
  );
  @if(!glu) let rows = weight_row(0u, 0u) + min(vec4u(output, output + 1u, output + 2u, output + 3u), vec4u(last));
  let q = rows * params.quants_stride;
  let s = rows * params.scales_stride;
  let start = x_start(row);
  var sums = vec4f();
  for (var g = lane; g < params.groups; g += 64u) {
    sums += dot_groups(
      load_group(q.x, s.x, g), load_group(q.y, s.y, g), load_group(q.z, s.z, g), load_group(q.w, s.w, g),
      load_x(start, params.quads, g, 0u),
    );
  }
  @if(subgroups) let total = sum_workgroup(sums, lane, subgroup_lane);
  @if(!subgroups) let total = sum_workgroup(sums, lane);
  if (lane == 0u) {
    @if(glu) {
      store(row, output, gated(total.x, total.z));
      store(row, output + 1u, gated(total.y, total.w));
    }
    @if(!glu) {
      store(row, output, total.x);
      store(row, output + 1u, total.y);
      store(row, output + 2u, total.z);
      store(row, output + 3u, total.w);
    }
  }
}
