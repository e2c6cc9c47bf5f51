// First stage: a workgroup finds the k best of its slice of a row, best first. Each lane keeps the best of
// the elements it owns; the lane that wins a round looks for its next best.
import package::order_key::{order_key, NO_ID};
import package::argmax::{argmax_workgroup, Best};
import constants::LANES;
import constants::SLICE;

struct Params {
  columns: u32,
  slices: u32,
  k: u32,
  unused: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
// [rows, slices, k] of (key, id).
@group(0) @binding(1) var<storage, read_write> best: array<vec2u>;
@group(0) @binding(2) var<uniform> params: Params;

// The best of a lane's elements that come after `taken` in the order of keys and ids.
fn best_after(taken: Best, row: u32, first: u32, end: u32) -> Best {
  var mine = Best(0u, NO_ID);
  for (var id = first; id < end; id += LANES) {
    let key = order_key(x[row + id]);
    if (key > mine.key && (key < taken.key || (key == taken.key && id > taken.id))) {
      mine = Best(key, id);
    }
  }
  return mine;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group.x * SLICE + lane;
  let end = min((group.x + 1u) * SLICE, params.columns);
  let row = group.y * params.columns;
  let out = (group.y * params.slices + group.x) * params.k;
  var mine = best_after(Best(NO_ID, NO_ID), row, first, end);
  @if(!several) {
    let top = argmax_workgroup(0u, mine);
    if (lane == 0u) {
      best[out] = vec2u(top.key, top.id);
    }
  }
  @if(several) for (var round = 0u; round < params.k; round++) {
    let top = argmax_workgroup(round, mine);
    if (lane == 0u) {
      best[out + round] = vec2u(top.key, top.id);
    }
    if (mine.key != 0u && mine.id == top.id) {
      mine = best_after(mine, row, first, end);
    }
  }
}
