// Sums over a workgroup of 64 lanes of several values at once: every lane keeps its part of each, then all sum them,
// a lane an eighth of one. Must be called in uniform flow.
import constants::SUMS;

var<workgroup> partial: array<array<vec4f, 64>, SUMS>;
var<workgroup> eighths: array<array<vec4f, 8>, SUMS>;

fn keep(i: u32, value: vec4f, lane: u32) {
  partial[i][lane] = value;
}

// Sum i is then kept_sum(i), for any lane.
fn sum_kept(lane: u32) {
  workgroupBarrier();
  let part = lane & 7u;
  for (var i = lane >> 3u; i < u32(SUMS); i += 8u) {
    var sum = vec4f();
    for (var j = part; j < 64u; j += 8u) {
      sum += partial[i][j];
    }
    eighths[i][part] = sum;
  }
  workgroupBarrier();
}

fn kept_sum(i: u32) -> vec4f {
  var sum = vec4f();
  for (var j = 0u; j < 8u; j++) {
    sum += eighths[i][j];
  }
  return sum;
}
