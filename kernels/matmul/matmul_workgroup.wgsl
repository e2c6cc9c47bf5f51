// GEMV for real GPUs: a workgroup of 64 owns four weight rows and one to eight rows of x, for which the weights are
// read once; lanes stride over the inner size and their partial sums meet at the end. With `fold` the rows are RMS
// normed on the way (arXiv 1910.07467): lanes sum the squares of what they read, whose root divides the sums.
import package::matmul_io::{params, step, place, x_start, weight_row, store_four};
import package::weight::load_group;
import package::x_group::{dot_groups, load_x};
import package::reduce_rows::{keep, sum_kept, kept_sum};
import constants::ROWS;

@if(glu) const OUTPUTS = 2u;
@else const OUTPUTS = 4u;

// What row i of this workgroup's is to be divided by.
@if(fold) fn inverse_rms(i: u32) -> f32 {
  let squares = kept_sum(u32(ROWS) + (i >> 2u))[i & 3u];
  return inverseSqrt(squares / f32(4u * params.quads) + params.epsilon);
}

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
  let x0 = x_start(first);
  @if(two) let x1 = x_start(min(first + 1u, end));
  @if(four) let x2 = x_start(min(first + 2u, end));
  @if(four) let x3 = x_start(min(first + 3u, end));
  @if(eight) let x4 = x_start(min(first + 4u, end));
  @if(eight) let x5 = x_start(min(first + 5u, end));
  @if(eight) let x6 = x_start(min(first + 6u, end));
  @if(eight) let x7 = x_start(min(first + 7u, end));
  var a0 = vec4f();
  @if(two) var a1 = vec4f();
  @if(four) var a2 = vec4f();
  @if(four) var a3 = vec4f();
  @if(eight) var a4 = vec4f();
  @if(eight) var a5 = vec4f();
  @if(eight) var a6 = vec4f();
  @if(eight) var a7 = vec4f();
  @if(fold) var squares0 = vec4f();
  @if(fold && eight) var squares1 = vec4f();
  for (var g = lane; g < params.groups; g += 64u) {
    let w0 = load_group(q.x, s.x, g);
    let w1 = load_group(q.y, s.y, g);
    let w2 = load_group(q.z, s.z, g);
    let w3 = load_group(q.w, s.w, g);
    {
      let x = load_x(x0, params.quads, g, 0u);
      a0 += dot_groups(w0, w1, w2, w3, x);
      @if(fold) { squares0[0] += x.squares; }
    }
    @if(two) {
      let x = load_x(x1, params.quads, g, 0u);
      a1 += dot_groups(w0, w1, w2, w3, x);
      @if(fold) { squares0[1] += x.squares; }
    }
    @if(four) {
      let x = load_x(x2, params.quads, g, 0u);
      a2 += dot_groups(w0, w1, w2, w3, x);
      @if(fold) { squares0[2] += x.squares; }
    }
    @if(four) {
      let x = load_x(x3, params.quads, g, 0u);
      a3 += dot_groups(w0, w1, w2, w3, x);
      @if(fold) { squares0[3] += x.squares; }
    }
    @if(eight) {
      let x = load_x(x4, params.quads, g, 0u);
      a4 += dot_groups(w0, w1, w2, w3, x);
      @if(fold) { squares1[0] += x.squares; }
    }
    @if(eight) {
      let x = load_x(x5, params.quads, g, 0u);
      a5 += dot_groups(w0, w1, w2, w3, x);
      @if(fold) { squares1[1] += x.squares; }
    }
    @if(eight) {
      let x = load_x(x6, params.quads, g, 0u);
      a6 += dot_groups(w0, w1, w2, w3, x);
      @if(fold) { squares1[2] += x.squares; }
    }
    @if(eight) {
      let x = load_x(x7, params.quads, g, 0u);
      a7 += dot_groups(w0, w1, w2, w3, x);
      @if(fold) { squares1[3] += x.squares; }
    }
  }
  keep(0u, a0, lane);
  @if(two) { keep(1u, a1, lane); }
  @if(four) { keep(2u, a2, lane); }
  @if(four) { keep(3u, a3, lane); }
  @if(eight) { keep(4u, a4, lane); }
  @if(eight) { keep(5u, a5, lane); }
  @if(eight) { keep(6u, a6, lane); }
  @if(eight) { keep(7u, a7, lane); }
  @if(fold) { keep(u32(ROWS), squares0, lane); }
  @if(fold && eight) { keep(u32(ROWS) + 1u, squares1, lane); }
  sum_kept(lane);
  if (lane < u32(ROWS)) {
    var sums = kept_sum(lane);
    @if(fold) { sums *= inverse_rms(lane); }
    store_four(first + lane, output, sums);
  }
}
