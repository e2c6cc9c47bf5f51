// A thread owns four weight rows and one to eight rows of x; no barrier, no workgroup memory. The form for
// software adapters, where a barrier costs more than the arithmetic between two of them.
import package::matmul_io::{params, step, place, load_x, dot_group, weight_row, store, X};
@if(glu) import package::matmul_io::gated;
import package::weight::load_group;
import package::group::Group;
import constants::TOKENS;

fn dot_rows(w0: Group, w1: Group, w2: Group, w3: Group, x: X) -> vec4f {
  return vec4f(dot_group(w0, x), dot_group(w1, x), dot_group(w2, x), dot_group(w3, x));
}

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
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) count: vec3u) {
  let output = place(id.x, id.z, count.x * 16u) * OUTPUTS;
  let first = id.y * u32(TOKENS);
  if (output >= params.outputs || first >= step.live) {
    return;
  }
  let last = params.outputs - 1u;
  @if(glu) let rows = vec4u(
    output, min(output + 1u, last), weight_row(output, 1u), weight_row(min(output + 1u, last), 1u),
  );
  @if(!glu) let rows = weight_row(0u, 0u) + min(vec4u(output, output + 1u, output + 2u, output + 3u), vec4u(last));
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
  for (var g = 0u; g < params.groups; g++) {
    let w0 = load_group(q.x, s.x, g);
    let w1 = load_group(q.y, s.y, g);
    let w2 = load_group(q.z, s.z, g);
    let w3 = load_group(q.w, s.w, g);
    a0 += dot_rows(w0, w1, w2, w3, load_x(first, g));
    @if(two) { a1 += dot_rows(w0, w1, w2, w3, load_x(min(first + 1u, end), g)); }
    @if(four) { a2 += dot_rows(w0, w1, w2, w3, load_x(min(first + 2u, end), g)); }
    @if(four) { a3 += dot_rows(w0, w1, w2, w3, load_x(min(first + 3u, end), g)); }
    @if(eight) { a4 += dot_rows(w0, w1, w2, w3, load_x(min(first + 4u, end), g)); }
    @if(eight) { a5 += dot_rows(w0, w1, w2, w3, load_x(min(first + 5u, end), g)); }
    @if(eight) { a6 += dot_rows(w0, w1, w2, w3, load_x(min(first + 6u, end), g)); }
    @if(eight) { a7 += dot_rows(w0, w1, w2, w3, load_x(min(first + 7u, end), g)); }
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
