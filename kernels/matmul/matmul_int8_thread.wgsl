// The thread form (matmul_thread.wgsl) on activations in bytes: a thread owns four weight rows and one to eight rows
// of x. With subgroups, four threads share the loads of x.
import package::matmul_io::{params, step, place, weight_row, store};
@if(glu) import package::matmul_io::gated;
import package::packed_weight::load_packed;
import package::int8_rows::{dot_int8_rows, Int8Row};
@if(quads) import package::int8_rows::share_int8;
@if(!quads) import package::int8_rows::load_int8;
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

// Rows of x beyond the last repeat it; their sums are not stored.
fn row_of_x(row: u32, g: u32, lane: u32) -> Int8Row {
  let i = min(row, params.rows - 1u) * params.groups + g;
  @if(quads) return share_int8(i, lane);
  @if(!quads) return load_int8(i);
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
  @if(glu) let own = min(vec4u(output, output + 1u, output, output + 1u), last);
  @if(glu) let rows = own + vec4u(0u, 0u, weight_row(0u, 1u), weight_row(0u, 1u));
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
  for (var g = 0u; g < params.groups; g++) {
    let w0 = load_packed(q.x, s.x, g);
    let w1 = load_packed(q.y, s.y, g);
    let w2 = load_packed(q.z, s.z, g);
    let w3 = load_packed(q.w, s.w, g);
    a0 += dot_int8_rows(w0, w1, w2, w3, row_of_x(first, g, lane));
    @if(two) { a1 += dot_int8_rows(w0, w1, w2, w3, row_of_x(first + 1u, g, lane)); }
    @if(four) { a2 += dot_int8_rows(w0, w1, w2, w3, row_of_x(first + 2u, g, lane)); }
    @if(four) { a3 += dot_int8_rows(w0, w1, w2, w3, row_of_x(first + 3u, g, lane)); }
    @if(eight) { a4 += dot_int8_rows(w0, w1, w2, w3, row_of_x(first + 4u, g, lane)); }
    @if(eight) { a5 += dot_int8_rows(w0, w1, w2, w3, row_of_x(first + 5u, g, lane)); }
    @if(eight) { a6 += dot_int8_rows(w0, w1, w2, w3, row_of_x(first + 6u, g, lane)); }
    @if(eight) { a7 += dot_int8_rows(w0, w1, w2, w3, row_of_x(first + 7u, g, lane)); }
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
