// Filtered draw, 3 of 5: a workgroup a row reads off the histogram in which bins the thresholds of top-k
// and top-p lie.
import package::step::Step;
import package::sampler::Sampler;
import package::bins::{
  BINS, BIN_K, CERTAIN, FIRST_P, LAST_BIN, LAST_P, MASS_BEFORE_P, MASS_TOTAL, NEED_K, NO_BIN, PARTS, PER_NAT, TOP,
  WHOLES, WORK_STRIDE,
};
import package::order_key::NO_ID;
import package::argmax::{argmax_workgroup, Best};
import constants::LANES;

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
  let units = f32(work[at + WHOLES + bin]) + f32(work[at + PARTS + bin]) / 1048576.0;
  return units * exp(-f32(bin) / PER_NAT);
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
  if (lane < params.slices) {
    let entry = best[(group.x * params.slices + lane) * 2u];
    head = Best(entry.x, entry.y);
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
  // Two bins a lane: LANES * 2 = BINS. What lies before them, up to the first, up to the second.
  let bin = lane * 2u;
  let counts = vec2u(work[at + bin], work[at + bin + 1u]);
  let masses = vec2f(bin_mass(at, bin), bin_mass(at, bin + 1u));
  lane_counts[lane] = counts.x + counts.y;
  lane_masses[lane] = masses.x + masses.y;
  workgroupBarrier();
  var count = vec3u(0u);
  var mass = vec3f(0.0);
  for (var i = 0u; i < lane; i++) {
    count.x += lane_counts[i];
    mass.x += lane_masses[i];
  }
  count.y = count.x + counts.x;
  count.z = count.x + lane_counts[lane];
  mass.y = mass.x + masses.x;
  mass.z = mass.x + lane_masses[lane];

  // One lane knows the edge: the one whose bin has the k-th token, else the last.
  let k = sampler.top_k;
  if (k > 0u && count.x < k && count.z >= k) {
    let second = count.y < k;
    let end = bin + 1u + u32(second);
    let through = select(count.y, count.z, second);
    let partial = through > k;
    let before = select(mass.x, mass.y, second);
    let after = select(mass.y, mass.z, second);
    edge = Edge(end - u32(partial), end, k - select(count.x, count.y, second), select(after, before, partial), after);
  } else if (lane == LANES - 1u && (k == 0u || count.z < k)) {
    edge = Edge(LAST_BIN, LAST_BIN, 0u, mass.z, mass.z);
  }
  workgroupBarrier();
  // The mass of top-k's survivors lies between the edge's two, and top-p's goal is its share of that.
  let goal = max(sampler.top_p, 0.0) * vec2f(edge.mass_whole, edge.mass_end);
  if (mass.z >= goal.x) {
    atomicMax(&reached_first, ~select(bin + 1u, bin, mass.y >= goal.x));
  }
  if (mass.z >= goal.y) {
    atomicMax(&reached_last, ~select(bin + 1u, bin, mass.y >= goal.y));
  }
  workgroupBarrier();
  var first = NO_BIN;
  var last = NO_BIN;
  if (sampler.top_p < 1.0) {
    last = min(~atomicLoad(&reached_last), edge.end - 1u);
    first = min(~atomicLoad(&reached_first), last);
  }
  if (first / 2u == lane) {
    work[at + MASS_BEFORE_P] = bitcast<u32>(select(mass.x, mass.y, first > bin));
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
