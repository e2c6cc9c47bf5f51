// Filtered draw, 4 of 5: tokens of the bins that survive for certain take part in the draw here, slice by
// slice; those of the few bins in which a threshold lies are listed for the last stage.
import package::step::Step;
import package::sampler::Sampler;
import package::bins::{
  bin_of, inverse_temperature, min_p_limit, BIN_K, CERTAIN, FIRST_P, LAST_P, LISTED, TOP, WORK_STRIDE,
};
import package::gumbel::gumbel;
import package::order_key::{from_order_key, order_key, NO_ID};
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
@group(0) @binding(1) var<storage, read> samplers: array<Sampler>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> best: array<vec2u>;
@group(0) @binding(4) var<storage, read_write> work: array<atomic<u32>>;
// [rows, columns] of ids, as many as the row's LISTED says, in any order.
@group(0) @binding(5) var<storage, read_write> list: array<u32>;
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (group.y >= step.live) {
    return;
  }
  let here = step.rows[group.y];
  let sampler = samplers[here.slot];
  if (sampler.temperature <= 0.0) {
    return;
  }
  let at = group.y * WORK_STRIDE;
  let top = from_order_key(atomicLoad(&work[at + TOP]));
  let certain = atomicLoad(&work[at + CERTAIN]);
  let bin_k = atomicLoad(&work[at + BIN_K]);
  let first = atomicLoad(&work[at + FIRST_P]);
  let last = atomicLoad(&work[at + LAST_P]);
  let inverse = inverse_temperature(sampler);
  let limit = min_p_limit(sampler);
  let seed = vec2u(sampler.seed_low, sampler.seed_high);
  let row = group.y * params.columns;
  let end = min((group.x + 1u) * SLICE, params.columns);
  var mine = Best(0u, NO_ID);
  for (var id = group.x * SLICE + lane; id < end; id += LANES) {
    let below = (top - scores[row + id]) * inverse;
    let bin = bin_of(below);
    if (bin < certain) {
      if (below > limit) {
        continue;
      }
      let key = order_key(gumbel(seed, here.position, id) - below);
      if (key > mine.key) {
        mine = Best(key, id);
      }
    } else if (bin == bin_k || (bin >= first && bin <= last)) {
      list[row + atomicAdd(&work[at + LISTED], 1u)] = id;
    }
  }
  let drawn = argmax_workgroup(0u, mine);
  if (lane == 0u) {
    best[(group.y * params.slices + group.x) * 2u + 1u] = vec2u(drawn.key, drawn.id);
  }
}
