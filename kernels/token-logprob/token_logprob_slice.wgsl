// First stage: maximum and sum of exponentials of a slice of a row.
import package::sum_exp::{join_workgroup, LEAST};
import constants::LANES;
import constants::SLICE;

struct Params {
  columns: u32,
  slices: u32,
  unused_a: u32,
  unused_b: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
// [rows, slices]
@group(0) @binding(1) var<storage, read_write> parts: array<vec2f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * params.columns;
  let first = group.x * SLICE + lane;
  let end = min((group.x + 1u) * SLICE, params.columns);
  var top = LEAST;
  for (var id = first; id < end; id += LANES) {
    top = max(top, logits[row + id]);
  }
  var sum = 0.0;
  for (var id = first; id < end; id += LANES) {
    sum += exp(max(logits[row + id] - top, -100.0));
  }
  let total = join_workgroup(vec2f(top, sum), lane);
  if (lane == 0u) {
    parts[group.y * params.slices + group.x] = total;
  }
}
