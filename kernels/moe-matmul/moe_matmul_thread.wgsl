// A thread owns eight weight rows of a slot's expert; no barrier, no workgroup memory. The form for software adapters.
// With subgroups, four threads share the loads of x.
import package::moe_io::{params, tile_at, x_start, weight_rows, finish};
import package::four_dots::four_dots;
import package::x_group::load_x;

// Outputs of four weight rows.
@if(glu) const OUTPUTS = 2u;
@else const OUTPUTS = 4u;

@compute @workgroup_size(8)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @if(quads) @builtin(subgroup_invocation_id) lane: u32,
) {
  @if(!quads) let lane = 0u;
  let tile = tile_at(group.y);
  if (tile.expert >= params.experts) {
    return;
  }
  // Threads beyond the last output repeat it, as their neighbours may need what they load; they store nothing.
  let output = id.x * 2u * OUTPUTS;
  let low = weight_rows(tile.expert, output);
  let high = weight_rows(tile.expert, output + OUTPUTS);
  let ql = low * params.quants_stride;
  let sl = low * params.scales_stride;
  let qh = high * params.quants_stride;
  let sh = high * params.scales_stride;
  let start = x_start(tile.first);
  var lows = vec4f();
  var highs = vec4f();
  for (var g = 0u; g < params.groups; g++) {
    let v = load_x(start, params.quads, g, lane);
    lows += four_dots(ql, sl, g, v);
    highs += four_dots(qh, sh, g, v);
  }
  finish(tile.expert, tile.first, output, lows);
  finish(tile.expert, tile.first, output + OUTPUTS, highs);
}
