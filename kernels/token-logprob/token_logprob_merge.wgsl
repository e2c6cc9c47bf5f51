// Second stage: joins a row's slices and takes the log-softmax at the row's target.
import package::sum_exp::{join_workgroup, joined, LEAST};
import constants::LANES;

struct Params {
  columns: u32,
  slices: u32,
  unused_a: u32,
  unused_b: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> parts: array<vec2f>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> logprobs: array<f32>;
// [rows] of (max, ln of the sum of exp(logit - max)); their sum is the logsumexp.
@group(0) @binding(4) var<storage, read_write> norms: array<vec2f>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  var mine = vec2f(LEAST, 0.0);
  for (var i = lane; i < params.slices; i += LANES) {
    mine = joined(mine, parts[row * params.slices + i]);
  }
  let total = join_workgroup(mine, lane);
  if (lane == 0u) {
    let norm = vec2f(total.x, log(total.y));
    norms[row] = norm;
    let id = targets[row];
    var logprob = -1e30;
    if (id < params.columns) {
      logprob = (logits[row * params.columns + id] - norm.x) - norm.y;
    }
    logprobs[row] = logprob;
  }
}
