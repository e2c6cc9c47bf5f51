// The workgroup form (matmul_workgroup.wgsl) on activations in bytes: 64 lanes own four weight rows and one row of x.
import package::matmul_io::{params, step, place, weight_row, store};
@if(glu) import package::matmul_io::gated;
import package::packed_weight::load_packed;
import package::int8_rows::{dot_int8_rows, load_int8};
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
  var sums = vec4f();
  for (var g = lane; g < params.groups; g += 64u) {
    sums += dot_int8_rows(
      load_packed(q.x, s.x, g), load_packed(q.y, s.y, g), load_packed(q.z, s.z, g), load_packed(q.w, s.w, g),
      load_int8(row * params.groups + g),
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
