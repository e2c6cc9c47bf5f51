// Filtered draw, 5 of 5: a workgroup a row finds the exact thresholds of top-k and top-p among the listed
// tokens, draws among those that survive, and joins the slices' draws.
import package::step::Step;
import package::sampler::Sampler;
import package::bins::{
  bin_of, inverse_temperature, min_p_limit, BIN_K, FIRST_P, LAST_P, LISTED, MASS_BEFORE_P, MASS_TOTAL, NEED_K,
  NO_BIN, WORK_STRIDE,
};
import package::gumbel::gumbel;
import package::order_key::{from_order_key, order_key, NO_ID};
import package::threshold::{keeps, list, scores, search, Goal, Row};
import package::argmax::{argmax_workgroup, Best};
import constants::LANES;

struct Params {
  columns: u32,
  slices: u32,
  unused_a: u32,
  unused_b: u32,
}

@group(0) @binding(1) var<storage, read> samplers: array<Sampler>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read> best: array<vec2u>;
@group(0) @binding(4) var<storage, read> work: array<u32>;
@group(0) @binding(6) var<storage, read_write> ids: array<u32>;
@group(0) @binding(7) var<uniform> params: Params;

fn best_of(row: u32, which: u32, lane: u32) -> Best {
  if (lane >= params.slices) {
    return Best(0u, NO_ID);
  }
  let entry = best[(row * params.slices + lane) * 2u + which];
  return Best(entry.x, entry.y);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let r = group.x;
  if (r >= step.live) {
    return;
  }
  let here = step.rows[r];
  let sampler = samplers[here.slot];
  let top = argmax_workgroup(0u, best_of(r, 0u, lane));
  if (sampler.temperature <= 0.0) {
    if (lane == 0u) {
      ids[r] = top.id;
    }
    return;
  }
  let state = r * WORK_STRIDE;
  let bin_k = work[state + BIN_K];
  let first = work[state + FIRST_P];
  let last = work[state + LAST_P];
  let row = Row(
    r * params.columns, params.columns, work[state + LISTED], from_order_key(top.key), inverse_temperature(sampler),
  );
  var kept_k = vec2u(0u);
  var kept_p = vec2u(0u);
  // Not row.listed: a struct is as uniform as its least uniform member.
  if (work[state + LISTED] > 0u) {
    var total = bitcast<f32>(work[state + MASS_TOTAL]);
    if (bin_k != NO_BIN) {
      let found = search(row, Goal(false, bin_k, bin_k, kept_k, work[state + NEED_K], 0.0, 0.0), lane);
      kept_k = found.cut;
      total += found.mass;
    }
    if (first != NO_BIN) {
      let goal = max(sampler.top_p, 0.0) * total;
      let above = bitcast<f32>(work[state + MASS_BEFORE_P]);
      kept_p = search(row, Goal(true, first, last, kept_k, 0u, goal, above), lane).cut;
    }
  }
  let limit = min_p_limit(sampler);
  let seed = vec2u(sampler.seed_low, sampler.seed_high);
  var mine = best_of(r, 1u, lane);
  for (var i = lane; i < row.listed; i += LANES) {
    let id = list[row.at + i];
    let score = scores[row.at + id];
    let below = (row.top - score) * row.inverse;
    // Without top-p, `last` is beyond every bin.
    let own = order_key(score);
    if (below > limit || bin_of(below) > last || !keeps(kept_k, own, id) || !keeps(kept_p, own, id)) {
      continue;
    }
    let key = order_key(gumbel(seed, here.position, id) - below);
    if (key > mine.key || (key == mine.key && id < mine.id)) {
      mine = Best(key, id);
    }
  }
  let drawn = argmax_workgroup(1u, mine);
  if (lane == 0u) {
    // Scores that are no numbers may survive nothing; an id of the vocabulary is still owed.
    ids[r] = select(top.id, drawn.id, drawn.key != 0u);
  }
}
