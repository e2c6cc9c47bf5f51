// A thread owns four weight rows of an expert and up to eight slots; no barrier, no workgroup memory. The form
// for software adapters. With subgroups, four threads share the loads of x.
import package::moe_io::{params, tile_at, slot_at, x_start, weight_rows, finish};
import package::weight::load_group;
import package::x_group::{dot_groups, load_x};

@if(glu) const OUTPUTS = 2u;
@else const OUTPUTS = 4u;

@compute @workgroup_size(16)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @if(quads) @builtin(subgroup_invocation_id) lane: u32,
) {
  @if(!quads) let lane = 0u;
  let output = id.x * OUTPUTS;
  let tile = tile_at(group.y);
  // Threads beyond the last output go on, as their neighbours may need what they load.
  if (tile.expert >= params.experts) {
    return;
  }
  let rows = weight_rows(tile.expert, output);
  let q = rows * params.quants_stride;
  let s = rows * params.scales_stride;
  let count = tile.count;
  let s0 = slot_at(tile, 0u);
  let x0 = x_start(s0);
  var a0 = vec4f();
  @if(sorted) let s1 = slot_at(tile, 1u);
  @if(sorted) let x1 = x_start(s1);
  @if(sorted) let s2 = slot_at(tile, 2u);
  @if(sorted) let x2 = x_start(s2);
  @if(sorted) let s3 = slot_at(tile, 3u);
  @if(sorted) let x3 = x_start(s3);
  @if(sorted) let s4 = slot_at(tile, 4u);
  @if(sorted) let x4 = x_start(s4);
  @if(sorted) let s5 = slot_at(tile, 5u);
  @if(sorted) let x5 = x_start(s5);
  @if(sorted) let s6 = slot_at(tile, 6u);
  @if(sorted) let x6 = x_start(s6);
  @if(sorted) let s7 = slot_at(tile, 7u);
  @if(sorted) let x7 = x_start(s7);
  @if(sorted) var a1 = vec4f();
  @if(sorted) var a2 = vec4f();
  @if(sorted) var a3 = vec4f();
  @if(sorted) var a4 = vec4f();
  @if(sorted) var a5 = vec4f();
  @if(sorted) var a6 = vec4f();
  @if(sorted) var a7 = vec4f();
  for (var g = 0u; g < params.groups; g++) {
    let w0 = load_group(q.x, s.x, g);
    let w1 = load_group(q.y, s.y, g);
    let w2 = load_group(q.z, s.z, g);
    let w3 = load_group(q.w, s.w, g);
    a0 += dot_groups(w0, w1, w2, w3, load_x(x0, params.quads, g, lane));
    @if(sorted) {
      if (count > 1u) {
        a1 += dot_groups(w0, w1, w2, w3, load_x(x1, params.quads, g, lane));
      }
      if (count > 2u) {
        a2 += dot_groups(w0, w1, w2, w3, load_x(x2, params.quads, g, lane));
        a3 += dot_groups(w0, w1, w2, w3, load_x(x3, params.quads, g, lane));
      }
      if (count > 4u) {
        a4 += dot_groups(w0, w1, w2, w3, load_x(x4, params.quads, g, lane));
        a5 += dot_groups(w0, w1, w2, w3, load_x(x5, params.quads, g, lane));
        a6 += dot_groups(w0, w1, w2, w3, load_x(x6, params.quads, g, lane));
        a7 += dot_groups(w0, w1, w2, w3, load_x(x7, params.quads, g, lane));
      }
    }
  }
  finish(tile.expert, s0, output, a0);
  @if(sorted) {
    if (count > 1u) { finish(tile.expert, s1, output, a1); }
    if (count > 2u) { finish(tile.expert, s2, output, a2); }
    if (count > 3u) { finish(tile.expert, s3, output, a3); }
    if (count > 4u) { finish(tile.expert, s4, output, a4); }
    if (count > 5u) { finish(tile.expert, s5, output, a5); }
    if (count > 6u) { finish(tile.expert, s6, output, a6); }
    if (count > 7u) { finish(tile.expert, s7, output, a7); }
  }
}
