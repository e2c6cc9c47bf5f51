// As moe_matmul_thread, for a tile of slots of one expert: one after the other in a loop, so that a group's weights are
// decoded once for all of them. Their sums lie in private memory.
import package::moe_io::{params, tile_at, slot_at, x_start, weight_rows, finish};
import package::weight::load_group;
import package::x_group::{dot_groups, load_x};
import constants::TOKENS;

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
  var lows: array<vec4f, TOKENS>;
  var highs: array<vec4f, TOKENS>;
  var starts: array<u32, TOKENS>;
  for (var t = 0u; t < tile.count; t++) {
    starts[t] = x_start(slot_at(tile, t));
  }
  for (var g = 0u; g < params.groups; g++) {
    let w0 = load_group(ql.x, sl.x, g);
    let w1 = load_group(ql.y, sl.y, g);
    let w2 = load_group(ql.z, sl.z, g);
    let w3 = load_group(ql.w, sl.w, g);
    let w4 = load_group(qh.x, sh.x, g);
    let w5 = load_group(qh.y, sh.y, g);
    let w6 = load_group(qh.z, sh.z, g);
    let w7 = load_group(qh.w, sh.w, g);
    for (var t = 0u; t < tile.count; t++) {
      let v = load_x(starts[t], params.quads, g, lane);
      lows[t] += dot_groups(w0, w1, w2, w3, v);
      highs[t] += dot_groups(w4, w5, w6, w7, v);
    }
  }
  for (var t = 0u; t < tile.count; t++) {
    let slot = slot_at(tile, t);
    finish(tile.expert, slot, output, lows[t]);
    finish(tile.expert, slot, output + OUTPUTS, highs[t]);
  }
}
