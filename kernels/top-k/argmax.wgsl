// The best of a workgroup's candidates, the lower id where keys tie: the same answer in every lane, whatever
// the order of lanes. Two barriers; each of ROUNDS rounds may be used once. Must be called in uniform flow.
import constants::ROUNDS;

struct Best {
  // From order_key; 0 for no candidate, whose id is then NO_ID.
  key: u32,
  id: u32,
}

var<workgroup> best_key: array<atomic<u32>, ROUNDS>;
// Complements of ids, so that the zero they begin with loses to every id.
var<workgroup> best_flipped: array<atomic<u32>, ROUNDS>;

fn argmax_workgroup(round: u32, mine: Best) -> Best {
  atomicMax(&best_key[round], mine.key);
  workgroupBarrier();
  let key = atomicLoad(&best_key[round]);
  if (mine.key == key) {
    atomicMax(&best_flipped[round], ~mine.id);
  }
  workgroupBarrier();
  return Best(key, ~atomicLoad(&best_flipped[round]));
}
