// The exact threshold that keeps the best of the listed tokens, a (key, ~id) pair: radix selection narrows the
// keys 32-fold a round, then the ids of tokens that tie.
import package::bins::{bin_of, PER_NAT};
import package::order_key::{order_key, NO_ID};
import constants::LANES;

@group(0) @binding(0) var<storage, read> scores: array<f32>;
@group(0) @binding(5) var<storage, read> list: array<u32>;

// A round cuts the range in search into this many parts.
const PARTS = 32u;
const PART_BITS = 5u;

var<workgroup> counts: array<atomic<u32>, PARTS>;
// Integers, so that their sums do not depend on the order of the list.
var<workgroup> masses: array<atomic<u32>, PARTS>;
// What is left to search (low, high), and whether `low` is the answer.
var<workgroup> narrowed: vec3u;

// What every lane knows of its row.
struct Row {
  at: u32,
  columns: u32,
  listed: u32,
  top: f32,
  inverse: f32,
}

// Tokens of these bins that `cut` keeps are searched for the place where the goal is reached.
struct Goal {
  by_mass: bool,
  first: u32,
  last: u32,
  cut: vec2u,
  // The goal, and what lies above these bins.
  count: u32,
  mass: f32,
  mass_above: f32,
}

// The mass is what lies above the cut in the bins searched; lane 0 alone knows it.
struct Found {
  cut: vec2u,
  mass: f32,
}

fn keeps(cut: vec2u, key: u32, id: u32) -> bool {
  return key > cut.x || (key == cut.x && ~id >= cut.y);
}

// Must be called in uniform flow.
fn search(row: Row, goal: Goal, lane: u32) -> Found {
  let first_below = f32(goal.first) / PER_NAT;
  // A token's mass is at most that of the first bin's best: `scale` of these fit a word for all listed.
  let scale = exp2(f32(countLeadingZeros(row.listed) - 1u));
  let unit = exp(-first_below) / scale;
  // The keys that these bins can have, with a bin to spare on either side.
  var low = order_key(row.top - (f32(goal.last) + 2.0) / PER_NAT / row.inverse);
  var high = order_key(row.top - (f32(goal.first) - 1.0) / PER_NAT / row.inverse);
  var count_above = 0u;
  var mass_above = goal.mass_above;
  var tied = false;
  var key_tied = 0u;
  loop {
    let bits = 32u - countLeadingZeros(high - low);
    let shift = max(bits, PART_BITS) - PART_BITS;
    if (lane < PARTS) {
      atomicStore(&counts[lane], 0u);
      atomicStore(&masses[lane], 0u);
    }
    workgroupBarrier();
    for (var i = lane; i < row.listed; i += LANES) {
      let id = list[row.at + i];
      let score = scores[row.at + id];
      let key = order_key(score);
      let below = (row.top - score) * row.inverse;
      let bin = bin_of(below);
      let field = select(key, ~id, tied);
      if (bin < goal.first || bin > goal.last || field < low || field > high || (tied && key != key_tied)) {
        continue;
      }
      if (!keeps(goal.cut, key, id)) {
        continue;
      }
      let part = (field - low) >> shift;
      atomicAdd(&counts[part], 1u);
      atomicAdd(&masses[part], u32(min(exp(first_below - below), 1.0) * scale));
    }
    workgroupBarrier();
    if (lane == 0u) {
      // Down from the best part to the one that reaches the goal.
      var part = PARTS;
      var count = 0u;
      var mass = 0.0;
      var reached = false;
      while (part > 0u && !reached) {
        part--;
        count_above += count;
        mass_above += mass;
        count = atomicLoad(&counts[part]);
        mass = f32(atomicLoad(&masses[part])) * unit;
        reached = count > 0u
          && select(count_above + count >= goal.count, mass_above + mass >= goal.mass, goal.by_mass);
      }
      // Never, by a rounding of the mass: all that is left stays. One token, or as many as are needed: found.
      let whole = !reached || count == 1u || (!goal.by_mass && count_above + count == goal.count);
      let base = select(low, low + (part << shift), reached);
      if (whole) {
        count_above += count;
        mass_above += mass;
      }
      narrowed = vec3u(base, base + min(high - base, (1u << shift) - 1u), u32(whole));
    }
    let next = workgroupUniformLoad(&narrowed);
    low = next.x;
    high = next.y;
    if (next.z == 1u) {
      break;
    }
    if (low == high) {
      // Tokens of one score: the lower ids, whose complements are the larger, come first.
      tied = true;
      key_tied = low;
      low = ~(row.columns - 1u);
      high = NO_ID;
    }
  }
  return Found(select(vec2u(low, 0u), vec2u(key_tied, low), tied), mass_above);
}
