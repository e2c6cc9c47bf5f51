// Sums of exponentials that stay in range: (max, sum of exp(value - max)). The pair of no value is (LEAST, 0).
// One barrier pair a workgroup, sums in a fixed order. Must be called in uniform flow, once.
import constants::LANES;

const LEAST = -3e38;
const GROUPS = 8u;

var<workgroup> pairs: array<vec2f, LANES>;

fn joined(a: vec2f, b: vec2f) -> vec2f {
  let top = max(a.x, b.x);
  // Clamped, because exp of something hugely negative need not be 0.
  return vec2f(top, a.y * exp(max(a.x - top, -100.0)) + b.y * exp(max(b.x - top, -100.0)));
}

// Right in lane 0 only.
fn join_workgroup(mine: vec2f, lane: u32) -> vec2f {
  pairs[lane] = mine;
  workgroupBarrier();
  var total = mine;
  if (lane % GROUPS == 0u) {
    for (var i = lane + 1u; i < lane + GROUPS; i++) {
      total = joined(total, pairs[i]);
    }
    pairs[lane] = total;
  }
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = GROUPS; i < LANES; i += GROUPS) {
      total = joined(total, pairs[i]);
    }
  }
  return total;
}
