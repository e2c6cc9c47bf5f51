// Second stage: a workgroup merges the sorted lists of a row's slices, one lane a slice.
import package::order_key::{from_order_key, NO_ID};
import package::argmax::{argmax_workgroup, Best};
import constants::LANES;

struct Params {
  slices: u32,
  k: u32,
  unused_a: u32,
  unused_b: u32,
}

// [rows, slices, k] of (key, id); key 0 ends a list.
@group(0) @binding(0) var<storage, read> best: array<vec2u>;
// [rows, k]; NO_ID and the sentinel where a row has fewer than k columns.
@group(0) @binding(1) var<storage, read_write> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> values: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

fn head(row: u32, slice: u32, taken: u32) -> Best {
  if (slice >= params.slices || taken >= params.k) {
    return Best(0u, NO_ID);
  }
  let entry = best[(row * params.slices + slice) * params.k + taken];
  return Best(entry.x, entry.y);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  var taken = 0u;
  var mine = head(row, lane, taken);
  for (var round = 0u; round < params.k; round++) {
    let top = argmax_workgroup(round, mine);
    if (lane == 0u) {
      ids[row * params.k + round] = top.id;
      values[row * params.k + round] = select(-1e30, from_order_key(top.key), top.key != 0u);
    }
    if (mine.key != 0u && mine.id == top.id) {
      taken++;
      mine = head(row, lane, taken);
    }
  }
}
