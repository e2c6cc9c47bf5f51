// scores = logits with the slot's penalties and bias. A workgroup owns a slice of a row; the bias, a short
// list of (id, value), is added after it by the same workgroup.
import package::step::Step;
import package::sampler::Sampler;
import constants::LANES;
import constants::SLICE;

struct Params {
  columns: u32,
  // Pairs that a slot's bias list holds.
  capacity: u32,
  unused_a: u32,
  unused_b: u32,
}

const SEEN_IN_PROMPT = 0x80000000u;

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> scores: array<f32>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> samplers: array<Sampler>;
@group(0) @binding(4) var<storage, read> biases: array<vec2u>;
@group(0) @binding(5) var<storage, read> step: Step;
@group(0) @binding(6) var<uniform> params: Params;

fn penalized(logit: f32, count: u32, sampler: Sampler) -> f32 {
  if (count == 0u) {
    return logit;
  }
  let repeated = select(logit * sampler.repetition, logit / sampler.repetition, logit > 0.0);
  let times = f32(count & ~SEEN_IN_PROMPT);
  return repeated - times * sampler.frequency - select(0.0, sampler.presence, times > 0.0);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (group.y >= step.live) {
    return;
  }
  let slot = step.rows[group.y].slot;
  let sampler = samplers[slot];
  let row = group.y * params.columns;
  let first = group.x * SLICE;
  let end = min(first + SLICE, params.columns);
  for (var id = first + lane; id < end; id += LANES) {
    scores[row + id] = penalized(logits[row + id], counts[slot * params.columns + id], sampler);
  }
  storageBarrier();
  for (var i = lane; i < min(sampler.bias_count, params.capacity); i += LANES) {
    let bias = biases[slot * params.capacity + i];
    if (bias.x >= first && bias.x < end) {
      scores[row + bias.x] += bitcast<f32>(bias.y);
    }
  }
}
