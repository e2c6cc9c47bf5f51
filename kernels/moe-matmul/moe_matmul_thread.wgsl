// A thread owns four weight rows of an expert and up to eight slots; no barrier, no workgroup memory. The form
// for software adapters.
import package::moe_io::{params, tile_at, slot_at, load_slot, weight_rows, finish};
import package::matmul_io::{dot_group, X};
import package::weight::load_group;
import package::group::Group;

fn dot_rows(w0: Group, w1: Group, w2: Group, w3: Group, x: X) -> vec4f {
  return vec4f(dot_group(w0, x), dot_group(w1, x), dot_group(w2, x), dot_group(w3, x));
}

@if(glu) const OUTPUTS = 2u;
@else const OUTPUTS = 4u;

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let output = id.x * OUTPUTS;
  let tile = tile_at(id.y);
  if (output >= params.outputs || tile.expert >= params.experts) {
    return;
  }
  let rows = weight_rows(tile.expert, output);
  let q = rows * params.quants_stride;
  let s = rows * params.scales_stride;
  let count = tile.count;
  let s0 = slot_at(tile, 0u);
  var a0 = vec4f();
  @if(sorted) let s1 = slot_at(tile, 1u);
  @if(sorted) let s2 = slot_at(tile, 2u);
  @if(sorted) let s3 = slot_at(tile, 3u);
  @if(sorted) let s4 = slot_at(tile, 4u);
  @if(sorted) let s5 = slot_at(tile, 5u);
  @if(sorted) let s6 = slot_at(tile, 6u);
  @if(sorted) let s7 = slot_at(tile, 7u);
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
    a0 += dot_rows(w0, w1, w2, w3, load_slot(s0, g));
    @if(sorted) {
      if (count > 1u) {
        a1 += dot_rows(w0, w1, w2, w3, load_slot(s1, g));
      }
      if (count > 2u) {
        a2 += dot_rows(w0, w1, w2, w3, load_slot(s2, g));
        a3 += dot_rows(w0, w1, w2, w3, load_slot(s3, g));
      }
      if (count > 4u) {
        a4 += dot_rows(w0, w1, w2, w3, load_slot(s4, g));
        a5 += dot_rows(w0, w1, w2, w3, load_slot(s5, g));
        a6 += dot_rows(w0, w1, w2, w3, load_slot(s6, g));
        a7 += dot_rows(w0, w1, w2, w3, load_slot(s7, g));
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
