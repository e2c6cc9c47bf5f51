// Filtered draw, 3 of 5: a workgroup a row reads off the histogram in which bins the thresholds of top-k
// and top-p lie.
import package::step::Step;
import package::sampler::Sampler;
import package::bins::{
  BINS, BIN_K, CERTAIN, FIRST_P, HIGHS, LAST_BIN, LAST_P, LOWS, MASS_BEFORE_P, MASS_TOTAL, NEED_K, NO_BIN, PER_NAT,
  TOP, UNIT, WORK_STRIDE,
};
import package::order_key::NO_ID;
import package::argmax::{argmax_workgroup, Best};

struct Params {
  columns: u32,
  slices: u32,
  unused_a: u32,
  unused_b: u32,
}

@group(0) @binding(0) var<storage, read> samplers: array<Sampler>;
@group(0) @binding(1) var<storage, read> step: Step;
@group(0) @binding(2) var<storage, read> best: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> work: array<u32>;
@group(0) @binding(4) var<uniform> params: Params;

// Lanes, and the bins of each.
const LANES = 32u;
const EACH = 8u;

// Where top-k ends: it takes the bins below `whole` and some of those below `end`, which is one more at most.
struct Edge {
  whole: u32,
  end: u32,
  // Tokens still needed from the last bin.
  need: u32,
  mass_whole: f32,
  mass_end: f32,
}

var<workgroup> lane_counts: array<u32, LANES>;
var<workgroup> lane_masses: array<f32, LANES>;
var<workgroup> edge: Edge;
// Complements of the first bins where top-p may end, so that the zero they begin with means never.
var<workgroup> reached_first: atomic<u32>;
var<workgroup> reached_last: atomic<u32>;

fn bin_mass(at: u32, bin: u32) -> f32 {
  let units = f32(work[at + HIGHS + bin]) + f32(work[at + LOWS + bin]) / UNIT;
  return units / UNIT * exp(-f32(bin) / PER_NAT);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (group.x >= step.live) {
    return;
  }
  let sampler = samplers[step.rows[group.x].slot];
  if (sampler.temperature <= 0.0) {
    return;
  }
  let at = group.x * WORK_STRIDE;
  var head = Best(0u, NO_ID);
  for (var slice = lane; slice < params.slices; slice += LANES) {
    let entry = best[(group.x * params.slices + slice) * 2u];
    if (entry.x > head.key) {
      head = Best(entry.x, entry.y);
    }
  }
  let top = argmax_workgroup(0u, head).key;
  if (sampler.top_k == 0u && sampler.top_p >= 1.0) {
    if (lane == 0u) {
      work[at + TOP] = top;
      work[at + CERTAIN] = BINS;
      work[at + BIN_K] = NO_BIN;
      work[at + FIRST_P] = NO_BIN;
      work[at + LAST_P] = NO_BIN;
    }
    return;
  }
  let first_bin = lane * EACH;
  var own_count = 0u;
  var own_mass = 0.0;
  for (var i = 0u; i < EACH; i++) {
    own_count += work[at + first_bin + i];
    own_mass += bin_mass(at, first_bin + i);
  }
  lane_counts[lane] = own_count;
  lane_masses[lane] = own_mass;
  workgroupBarrier();
  var count_before = 0u;
  var mass_before = 0.0;
  for (var i = 0u; i < lane; i++) {
    count_before += lane_counts[i];
    mass_before += lane_masses[i];
  }

  // One lane finds top-k's edge: the one whose bin has the k-th token, else the last.
  let k = sampler.top_k;
  if (k > 0u && count_before < k && count_before + own_count >= k) {
    var bin = first_bin;
    var count = count_before;
    var mass = mass_before;
    while (count + work[at + bin] < k) {
      count += work[at + bin];
      mass += bin_mass(at, bin);
      bin++;
    }
    let through = mass + bin_mass(at, bin);
    let partial = count + work[at + bin] > k;
    edge = Edge(select(bin + 1u, bin, partial), bin + 1u, k - count, select(through, mass, partial), through);
  } else if (lane == LANES - 1u && (k == 0u || count_before + own_count < k)) {
    edge = Edge(LAST_BIN, LAST_BIN, 0u, mass_before + own_mass, mass_before + own_mass);
  }
  workgroupBarrier();
  // The mass of top-k's survivors lies between the edge's two, and top-p's goal is its share of that.
  let goal = max(sampler.top_p, 0.0) * vec2f(edge.mass_whole, edge.mass_end);
  var through = mass_before;
  for (var bin = first_bin; bin < first_bin + EACH; bin++) {
    through += bin_mass(at, bin);
    if (through >= goal.x) {
      atomicMax(&reached_first, ~bin);
    }
    if (through >= goal.y) {
      atomicMax(&reached_last, ~bin);
    }
  }
  workgroupBarrier();
  var first = NO_BIN;
  var last = NO_BIN;
  if (sampler.top_p < 1.0) {
    last = min(~atomicLoad(&reached_last), edge.end - 1u);
    first = min(~atomicLoad(&reached_first), last);
  }
  if (first / EACH == lane) {
    for (var bin = first_bin; bin < first; bin++) {
      mass_before += bin_mass(at, bin);
    }
    work[at + MASS_BEFORE_P] = bitcast<u32>(mass_before);
  }
  if (lane == 0u) {
    work[at + TOP] = top;
    work[at + CERTAIN] = min(first, edge.whole);
    work[at + BIN_K] = select(NO_BIN, edge.whole, edge.whole < edge.end);
    work[at + NEED_K] = edge.need;
    work[at + FIRST_P] = first;
    work[at + LAST_P] = last;
    work[at + MASS_TOTAL] = bitcast<u32>(edge.mass_whole);
  }
}
