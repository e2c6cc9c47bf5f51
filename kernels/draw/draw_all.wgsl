// The draw where no row filters: the best of a slice of scores / temperature + noise, or of the bare scores
// for a greedy row. Slices are merged as top-k's are.
import package::step::Step;
import package::sampler::Sampler;
import package::bins::inverse_temperature;
import package::gumbel::gumbel;
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
@group(0) @binding(1) var<storage, read> samplers: array<Sampler>;
@group(0) @binding(2) var<storage, read> step: Step;
// [rows, slices] of (key, id).
@group(0) @binding(3) var<storage, read_write> best: array<vec2u>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (group.y >= step.live) {
    return;
  }
  let here = step.rows[group.y];
  let sampler = samplers[here.slot];
  let seed = vec2u(sampler.seed_low, sampler.seed_high);
  let inverse = inverse_temperature(sampler);
  let row = group.y * params.columns;
  let end = min((group.x + 1u) * SLICE, params.columns);
  var mine = Best(0u, NO_ID);
  for (var id = group.x * SLICE + lane; id < end; id += LANES) {
    var value = scores[row + id];
    if (sampler.temperature > 0.0) {
      value = value * inverse + gumbel(seed, here.position, id);
    }
    let key = order_key(value);
    if (key > mine.key) {
      mine = Best(key, id);
    }
  }
  let top = argmax_workgroup(0u, mine);
  if (lane == 0u) {
    best[group.y * params.slices + group.x] = vec2u(top.key, top.id);
  }
}
