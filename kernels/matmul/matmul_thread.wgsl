// A thread owns eight weight rows and a row of x; no barrier, no workgroup memory. The form for software adapters, where
// a barrier costs more than the arithmetic between two of them. With subgroups, four threads share the loads of x. With
// `fold` the row is RMS normed on the way (arXiv 1910.07467): each thread sums the squares of all of it.
import package::matmul_io::{params, step, place, x_start, weight_row, store_eight};
import package::four_dots::four_dots;
import package::x_group::load_x;

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
  let first = group.y;
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
  let start = x_start(first);
  var lows = vec4f();
  var highs = vec4f();
  @if(fold) var squares = 0.0;
  for (var g = 0u; g < params.groups; g++) {
    let v = load_x(start, params.quads, g, lane);
    lows += four_dots(ql, sl, g, v);
    highs += four_dots(qh, sh, g, v);
    @if(fold) { squares += v.squares; }
  }
  @if(fold) let inverse_rms = inverseSqrt(squares / f32(4u * params.quads) + params.epsilon);
  @if(fold) { lows *= inverse_rms; }
  @if(fold) { highs *= inverse_rms; }
  store_eight(first, output, lows, highs);
}
