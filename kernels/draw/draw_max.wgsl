// Filtered draw, 1 of 5: the best score of each slice; clears the row's work for what follows.
import package::step::Step;
import package::bins::WORK_STRIDE;
import package::order_key::{order_key, NO_ID};
import package::argmax::{argmax_workgroup, Best};
import constants::LANES;
import constants::SLICE;

struct Params {
  columns: u32,
  slices: u32,
  unused_a: u32,
  unused_b: u32,
}

@group(0) @binding(0) var<storage, read> scores: array<f32>;
@group(0) @binding(1) var<storage, read> step: Step;
// [rows, slices, 2] of (key, id): the slice's best score, then its best draw.
@group(0) @binding(2) var<storage, read_write> best: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> work: array<u32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (group.y >= step.live) {
    return;
  }
  for (var i = group.x * LANES + lane; i < WORK_STRIDE; i += params.slices * LANES) {
    work[group.y * WORK_STRIDE + i] = 0u;
  }
  let row = group.y * params.columns;
  let end = min((group.x + 1u) * SLICE, params.columns);
  var mine = Best(0u, NO_ID);
  for (var id = group.x * SLICE + lane; id < end; id += LANES) {
    let key = order_key(scores[row + id]);
    if (key > mine.key) {
      mine = Best(key, id);
    }
  }
  let top = argmax_workgroup(0u, mine);
  if (lane == 0u) {
    let out = (group.y * params.slices + group.x) * 2u;
    best[out] = vec2u(top.key, top.id);
    best[out + 1u] = vec2u(0u, NO_ID);
  }
}
