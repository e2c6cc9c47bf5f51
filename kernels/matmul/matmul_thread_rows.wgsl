// As matmul_thread, for up to TOKENS rows of x: one after the other in a loop, so that a group's weights are decoded once
// for all of them, and that software adapters compile one round instead of many. Their sums lie in private memory.
import package::matmul_io::{params, step, place, x_start, weight_row, store};
@if(glu) import package::matmul_io::gated;
import package::weight::load_group;
import package::x_group::{dot_groups, load_x};
import constants::TOKENS;

@if(glu) fn finish(row: u32, output: u32, sums: vec4f) {
  store(row, output, gated(sums.x, sums.z));
  store(row, output + 1u, gated(sums.y, sums.w));
}

@if(!glu) fn finish(row: u32, output: u32, sums: vec4f) {
  store(row, output, sums.x);
  store(row, output + 1u, sums.y);
  store(row, output + 2u, sums.z);
  store(row, output + 3u, sums.w);
}

@if(glu) const OUTPUTS = 2u;
@else const OUTPUTS = 4u;

@compute @workgroup_size(16)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @if(quads) @builtin(subgroup_invocation_id) lane: u32,
) {
  @if(!quads) let lane = 0u;
  let first = group.y * u32(TOKENS);
  if (first >= step.live) {
    return;
  }
  // Threads beyond the last output repeat it, as their neighbours may need what they load; they store nothing.
  let output = place(id.x, id.z, count.x * 16u) * OUTPUTS;
  let last = vec4u(params.outputs - 1u);
  @if(glu) let one = min(vec4u(output, output + 1u, output, output + 1u), last);
  @if(glu) let rows = one + vec4u(0u, 0u, params.outputs, params.outputs);
  @if(!glu) let rows = weight_row(0u, 0u) + min(vec4u(output, output + 1u, output + 2u, output + 3u), last);
  let q = rows * params.quants_stride;
  let s = rows * params.scales_stride;
  var sums: array<vec4f, TOKENS>;
  let tokens = min(u32(TOKENS), min(step.live, params.rows) - first);
  for (var g = 0u; g < params.groups; g++) {
    let w0 = load_group(q.x, s.x, g);
    let w1 = load_group(q.y, s.y, g);
    let w2 = load_group(q.z, s.z, g);
    let w3 = load_group(q.w, s.w, g);
    for (var t = 0u; t < tokens; t++) {
      sums[t] += dot_groups(w0, w1, w2, w3, load_x(x_start(first + t), params.quads, g, lane));
    }
  }
  for (var t = 0u; t < tokens; t++) {
    finish(first + t, output, sums[t]);
  }
}
