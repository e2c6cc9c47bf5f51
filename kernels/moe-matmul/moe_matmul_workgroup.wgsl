// Gather GEMV for real GPUs: a workgroup of 64 owns four weight rows of a slot's expert; lanes stride over the
// inner size and their partial sums meet at the end, by subgroups where the adapter has them.
import package::moe_io::{params, tile_at, x_start, weight_rows, finish};
import package::weight::load_group;
import package::x_group::{dot_groups, load_x};
import package::reduce::sum_workgroup;

@if(glu) const OUTPUTS = 2u;
@else const OUTPUTS = 4u;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @if(subgroups) @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  let output = group.x * OUTPUTS;
  let tile = tile_at(group.y);
  if (output >= params.outputs || tile.expert >= params.experts) {
    return;
  }
  let rows = weight_rows(tile.expert, output);
  let q = rows * params.quants_stride;
  let s = rows * params.scales_stride;
  let start = x_start(tile.first);
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
    finish(tile.expert, tile.first, output, total);
  }
}
