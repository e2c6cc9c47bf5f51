// The workgroup form (matmul_workgroup.wgsl) on activations in bytes: 64 lanes own four weight rows and one to eight
// rows of x.
import package::matmul_io::{params, step, place, weight_row, store_four};
import package::packed_weight::load_packed;
import package::int8_rows::{dot_int8_rows, load_int8};
import package::reduce_rows::{keep, sum_kept, kept_sum};
import constants::ROWS;

@if(glu) const OUTPUTS = 2u;
@else const OUTPUTS = 4u;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let output = place(group.x, group.z, count.x) * OUTPUTS;
  let first = group.y * u32(ROWS);
  if (output >= params.outputs || first >= step.live) {
    return;
  }
  let last = vec4u(params.outputs - 1u);
  @if(glu) let one = min(vec4u(output, output + 1u, output, output + 1u), last);
  @if(glu) let rows = one + vec4u(0u, 0u, params.outputs, params.outputs);
  @if(!glu) let rows = weight_row(0u, 0u) + min(vec4u(output, output + 1u, output + 2u, output + 3u), last);
  let q = rows * params.quants_stride;
  let s = rows * params.scales_stride;
  // Rows of x beyond the last repeat it; their sums are not stored.
  let end = params.rows - 1u;
  let x0 = first * params.groups;
  @if(two) let x1 = min(first + 1u, end) * params.groups;
  @if(four) let x2 = min(first + 2u, end) * params.groups;
  @if(four) let x3 = min(first + 3u, end) * params.groups;
  @if(eight) let x4 = min(first + 4u, end) * params.groups;
  @if(eight) let x5 = min(first + 5u, end) * params.groups;
  @if(eight) let x6 = min(first + 6u, end) * params.groups;
  @if(eight) let x7 = min(first + 7u, end) * params.groups;
  var a0 = vec4f();
  @if(two) var a1 = vec4f();
  @if(four) var a2 = vec4f();
  @if(four) var a3 = vec4f();
  @if(eight) var a4 = vec4f();
  @if(eight) var a5 = vec4f();
  @if(eight) var a6 = vec4f();
  @if(eight) var a7 = vec4f();
  for (var g = lane; g < params.groups; g += 64u) {
    let w0 = load_packed(q.x, s.x, g);
    let w1 = load_packed(q.y, s.y, g);
    let w2 = load_packed(q.z, s.z, g);
    let w3 = load_packed(q.w, s.w, g);
    a0 += dot_int8_rows(w0, w1, w2, w3, load_int8(x0 + g));
    @if(two) { a1 += dot_int8_rows(w0, w1, w2, w3, load_int8(x1 + g)); }
    @if(four) { a2 += dot_int8_rows(w0, w1, w2, w3, load_int8(x2 + g)); }
    @if(four) { a3 += dot_int8_rows(w0, w1, w2, w3, load_int8(x3 + g)); }
    @if(eight) { a4 += dot_int8_rows(w0, w1, w2, w3, load_int8(x4 + g)); }
    @if(eight) { a5 += dot_int8_rows(w0, w1, w2, w3, load_int8(x5 + g)); }
    @if(eight) { a6 += dot_int8_rows(w0, w1, w2, w3, load_int8(x6 + g)); }
    @if(eight) { a7 += dot_int8_rows(w0, w1, w2, w3, load_int8(x7 + g)); }
  }
  keep(0u, a0, lane);
  @if(two) { keep(1u, a1, lane); }
  @if(four) { keep(2u, a2, lane); }
  @if(four) { keep(3u, a3, lane); }
  @if(eight) { keep(4u, a4, lane); }
  @if(eight) { keep(5u, a5, lane); }
  @if(eight) { keep(6u, a6, lane); }
  @if(eight) { keep(7u, a7, lane); }
  sum_kept(lane);
  if (lane < u32(ROWS)) {
    store_four(first + lane, output, kept_sum(lane));
  }
}
