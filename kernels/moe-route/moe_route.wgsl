// The experts of a row of logits and their weights. A workgroup owns a row, its lanes stride over experts. An
// expert's place is the number of experts that are ahead of it, so nothing is sorted and ties are settled:
// the lower expert comes first.
import package::step::Step;
import package::route::Route;
import constants::{EXPERTS, USED, GROUPS};

const LANES = 64u;
// Below any score of an expert that may be chosen.
const OUT = -3e38;

struct Params {
  // Groups that stay, where experts are grouped.
  kept_groups: u32,
  // Multiplies the weights.
  scale: f32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> routes: array<Route>;
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> score: array<f32, EXPERTS>;
// What experts are chosen by, which may be another thing than what they weigh.
var<workgroup> standing: array<f32, EXPERTS>;
var<workgroup> chosen: array<u32, USED>;
@if(grouped) var<workgroup> group_standing: array<f32, GROUPS>;

@if(softmax) fn score_of(logit: f32, most: f32) -> f32 {
  return exp(max(logit - most, -80.0));
}
// Clamped, because exp may overflow to something that is not infinity.
@if(sigmoid) fn score_of(logit: f32, most: f32) -> f32 {
  return 1.0 / (1.0 + exp(-clamp(logit, -80.0, 80.0)));
}
@if(softmax_chosen) fn score_of(logit: f32, most: f32) -> f32 {
  return logit;
}

// Best expert of a group, or the sum of its best two.
@if(grouped) fn standing_of_group(group: u32) -> f32 {
  let size = u32(EXPERTS) / u32(GROUPS);
  var best = OUT;
  var second = OUT;
  for (var i = group * size; i < (group + 1u) * size; i++) {
    second = max(second, min(best, standing[i]));
    best = max(best, standing[i]);
  }
  @if(best_two) return best + second;
  @else return best;
}

@if(grouped) fn group_stays(group: u32) -> bool {
  let own = group_standing[group];
  var ahead = 0u;
  for (var i = 0u; i < u32(GROUPS); i++) {
    let other = group_standing[i];
    ahead += select(0u, 1u, other > own || (other == own && i < group));
  }
  return ahead < params.kept_groups;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  if (row >= step.live) {
    return;
  }
  let first = row * u32(EXPERTS);
  var most = 0.0;
  @if(softmax) {
    most = logits[first];
    for (var i = 1u; i < u32(EXPERTS); i++) {
      most = max(most, logits[first + i]);
    }
  }
  for (var i = lane; i < u32(EXPERTS); i += LANES) {
    score[i] = score_of(logits[first + i], most);
  }
  workgroupBarrier();
  var whole = 1.0;
  @if(softmax) {
    whole = 0.0;
    for (var i = 0u; i < u32(EXPERTS); i++) {
      whole += score[i];
    }
  }
  for (var i = lane; i < u32(EXPERTS); i += LANES) {
    var own = score[i] / whole;
    @if(biased) { own += bias[i]; }
    standing[i] = own;
  }
  workgroupBarrier();
  @if(grouped) {
    if (lane < u32(GROUPS)) {
      group_standing[lane] = standing_of_group(lane);
    }
    workgroupBarrier();
    for (var i = lane; i < u32(EXPERTS); i += LANES) {
      if (!group_stays(i / (u32(EXPERTS) / u32(GROUPS)))) {
        standing[i] = OUT;
      }
    }
    workgroupBarrier();
  }
  for (var i = lane; i < u32(EXPERTS); i += LANES) {
    let own = standing[i];
    var ahead = 0u;
    for (var j = 0u; j < u32(EXPERTS); j++) {
      let other = standing[j];
      ahead += select(0u, 1u, other > own || (other == own && j < i));
    }
    if (ahead < u32(USED)) {
      chosen[ahead] = i;
    }
  }
  workgroupBarrier();
  if (lane >= u32(USED)) {
    return;
  }
  let expert = chosen[lane];
  var weight = score[expert] / whole;
  @if(softmax_chosen) {
    // The first is the largest.
    let top = score[chosen[0]];
    var sum = 0.0;
    for (var i = 0u; i < u32(USED); i++) {
      sum += exp(max(score[chosen[i]] - top, -80.0));
    }
    weight = exp(max(score[expert] - top, -80.0)) / sum;
  }
  @if(normalised) {
    var sum = 1e-20;
    for (var i = 0u; i < u32(USED); i++) {
      sum += score[chosen[i]] / whole;
    }
    weight /= sum;
  }
  routes[row * u32(USED) + lane] = Route(expert, weight * params.scale);
}
