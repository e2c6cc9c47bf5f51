// Filtered draw, 2 of 5: for each bin the number of its tokens, where top-k needs it, and their mass, where
// top-p does. Straight to the row's bins: a workgroup's own would have to be zeroed first, which takes software
// adapters longer than counting.
import package::step::Step;
import package::sampler::Sampler;
import package::bins::{bin_of, inverse_temperature, HIGHS, LAST_BIN, LOWS, PER_NAT, UNIT, WORK_STRIDE};
import package::order_key::{from_order_key, NO_ID};
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
@group(0) @binding(3) var<storage, read> best: array<vec2u>;
@group(0) @binding(4) var<storage, read_write> work: array<atomic<u32>>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (group.y >= step.live) {
    return;
  }
  let sampler = samplers[step.rows[group.y].slot];
  let by_mass = sampler.top_p < 1.0;
  if (sampler.temperature <= 0.0 || (sampler.top_k == 0u && !by_mass)) {
    return;
  }
  var head = Best(0u, NO_ID);
  if (lane < params.slices) {
    let entry = best[(group.y * params.slices + lane) * 2u];
    head = Best(entry.x, entry.y);
  }
  let top = from_order_key(argmax_workgroup(0u, head).key);
  let inverse = inverse_temperature(sampler);
  let out = group.y * WORK_STRIDE;
  let row = group.y * params.columns;
  let end = min((group.x + 1u) * SLICE, params.columns);
  for (var id = group.x * SLICE + lane; id < end; id += LANES) {
    let below = (top - scores[row + id]) * inverse;
    let bin = bin_of(below);
    if (bin == LAST_BIN) {
      continue;
    }
    if (sampler.top_k > 0u) {
      atomicAdd(&work[out + bin], 1u);
    }
    if (by_mass) {
      let scaled = min(exp(f32(bin) / PER_NAT - below), 1.0) * UNIT;
      let high = floor(scaled);
      atomicAdd(&work[out + HIGHS + bin], u32(high));
      atomicAdd(&work[out + LOWS + bin], u32((scaled - high) * UNIT));
    }
  }
}
