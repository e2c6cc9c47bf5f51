// As matmul_thread, for up to ROWS rows of x: one after the other in a loop, so that a group's weights are decoded once
// for all of them, and that software adapters compile one round instead of many. Their sums lie in private memory.
import package::matmul_io::{params, step, place, x_start, weight_row, store_eight};
import package::weight::load_group;
import package::x_group::{dot_groups, load_x};
import constants::ROWS;

@if(glu) const OUTPUTS = 4u;
@else const OUTPUTS = 8u;

@compute @workgroup_size(4)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @if(quads) @builtin(subgroup_invocation_id) lane: u32,
) {
  @if(!quads) let lane = 0u;
  let first = group.y * u32(ROWS);
  if (first >= step.live) {
    return;
  }
  // Threads beyond the last output repeat it, as their neighbours may need what they load; they store nothing.
  let output = place(id.x, id.z, count.x * 4u) * OUTPUTS;
  let last = vec4u(params.outputs - 1u);
  let four = vec4u(output, output + 1u, output + 2u, output + 3u);
  let low = weight_row(0u, 0u) + min(four, last);
  @if(glu) let high = weight_row(0u, 1u) + min(four, last);
  @if(!glu) let high = weight_row(0u, 0u) + min(four + 4u, last);
  let ql = low * params.quants_stride;
  let sl = low * params.scales_stride;
  let qh = high * params.quants_stride;
  let sh = high * params.scales_stride;
  var lows: array<vec4f, ROWS>;
  var highs: array<vec4f, ROWS>;
  let tokens = min(u32(ROWS), min(step.live, params.rows) - first);
  for (var g = 0u; g < params.groups; g++) {
    let w0 = load_group(ql.x, sl.x, g);
    let w1 = load_group(ql.y, sl.y, g);
    let w2 = load_group(ql.z, sl.z, g);
    let w3 = load_group(ql.w, sl.w, g);
    let w4 = load_group(qh.x, sh.x, g);
    let w5 = load_group(qh.y, sh.y, g);
    let w6 = load_group(qh.z, sh.z, g);
    let w7 = load_group(qh.w, sh.w, g);
    for (var t = 0u; t < tokens; t++) {
      let v = load_x(x_start(first + t), params.quads, g, lane);
      lows[t] += dot_groups(w0, w1, w2, w3, v);
      highs[t] += dot_groups(w4, w5, w6, w7, v);
    }
  }
  for (var t = 0u; t < tokens; t++) {
    store_eight(first + t, output, lows[t], highs[t]);
  }
}
