// Counting sort of slots (a row's n-th expert) by expert, and the tiles that cover them: one workgroup.
import package::step::Step;
import package::route::Route;
import constants::{EXPERTS, HEIGHT};

const LANES = 64u;

struct Params {
  // Slots a row.
  used: u32,
}

@group(0) @binding(0) var<storage, read> routes: array<Route>;
@group(0) @binding(1) var<storage, read> step: Step;
// First their number, then of each: expert, first place in the order, slots.
@group(0) @binding(2) var<storage, read_write> tiles: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> order: array<u32>;
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> counts: array<atomic<u32>, EXPERTS>;
var<workgroup> cursor: array<atomic<u32>, EXPERTS>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  let slots = step.live * params.used;
  for (var i = lane; i < slots; i += LANES) {
    atomicAdd(&counts[routes[i].expert], 1u);
  }
  workgroupBarrier();
  for (var expert = lane; expert < u32(EXPERTS); expert += LANES) {
    var place = 0u;
    var tile = 1u;
    for (var i = 0u; i < expert; i++) {
      let count = atomicLoad(&counts[i]);
      place += count;
      tile += (count + u32(HEIGHT) - 1u) / u32(HEIGHT);
    }
    atomicStore(&cursor[expert], place);
    let end = place + atomicLoad(&counts[expert]);
    for (; place < end; place += u32(HEIGHT)) {
      tiles[tile] = vec4u(expert, place, min(u32(HEIGHT), end - place), 0u);
      tile++;
    }
    if (expert == u32(EXPERTS) - 1u) {
      tiles[0] = vec4u(tile - 1u, 0u, 0u, 0u);
    }
  }
  workgroupBarrier();
  // Which slot of an expert comes first is chance; each is computed by itself, so no result depends on it.
  for (var i = lane; i < slots; i += LANES) {
    order[atomicAdd(&cursor[routes[i].expert], 1u)] = i;
  }
}
