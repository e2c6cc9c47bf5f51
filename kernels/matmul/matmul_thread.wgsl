// A thread owns four weight rows and one to eight rows of x; no barrier, no workgroup memory. The form for
// software adapters, where a barrier costs more than the arithmetic between two of them. With subgroups, four
// threads share the loads of x.
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
  var a0 = vec4f();
  @if(two) var a1 = vec4f();
  @if(four) var a2 = vec4f();
  @if(four) var a3 = vec4f();
  @if(eight) var a4 = vec4f();
  @if(eight) var a5 = vec4f();
  @if(eight) var a6 = vec4f();
  @if(eight) var a7 = vec4f();
  // Rows of x beyond the last repeat it; their sums are not stored.
  let end = params.rows - 1u;
  let x0 = x_start(first);
  @if(two) let x1 = x_start(min(first + 1u, end));
  @if(four) let x2 = x_start(min(first + 2u, end));
  @if(four) let x3 = x_start(min(first + 3u, end));
  @if(eight) let x4 = x_start(min(first + 4u, end));
  @if(eight) let x5 = x_start(min(first + 5u, end));
  @if(eight) let x6 = x_start(min(first + 6u, end));
  @if(eight) let x7 = x_start(min(first + 7u, end));
  for (var g = 0u; g < params.groups; g++) {
    let w0 = load_group(q.x, s.x, g);
    let w1 = load_group(q.y, s.y, g);
    let w2 = load_group(q.z, s.z, g);
    let w3 = load_group(q.w, s.w, g);
    a0 += dot_groups(w0, w1, w2, w3, load_x(x0, params.quads, g, lane));
    @if(two) { a1 += dot_groups(w0, w1, w2, w3, load_x(x1, params.quads, g, lane)); }
    @if(four) { a2 += dot_groups(w0, w1, w2, w3, load_x(x2, params.quads, g, lane)); }
    @if(four) { a3 += dot_groups(w0, w1, w2, w3, load_x(x3, params.quads, g, lane)); }
    @if(eight) { a4 += dot_groups(w0, w1, w2, w3, load_x(x4, params.quads, g, lane)); }
    @if(eight) { a5 += dot_groups(w0, w1, w2, w3, load_x(x5, params.quads, g, lane)); }
    @if(eight) { a6 += dot_groups(w0, w1, w2, w3, load_x(x6, params.quads, g, lane)); }
    @if(eight) { a7 += dot_groups(w0, w1, w2, w3, load_x(x7, params.quads, g, lane)); }
  }
  finish(first, output, a0);
  @if(two) { finish(first + 1u, output, a1); }
  @if(four) { finish(first + 2u, output, a2); }
  @if(four) { finish(first + 3u, output, a3); }
  @if(eight) { finish(first + 4u, output, a4); }
  @if(eight) { finish(first + 5u, output, a5); }
  @if(eight) { finish(first + 6u, output, a6); }
  @if(eight) { finish(first + 7u, output, a7); }
}
