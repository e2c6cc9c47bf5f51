// Joins the splits of each row and head: out = sum of sums_i * e^(m_i - m) / sum of totals_i * e^(m_i - m).
import package::step::Step;
import constants::{HEADS, VALUE_DIM};

struct Params {
  splits: u32,
}

@group(0) @binding(0) var<storage, read> sums: array<vec4f>;
@group(0) @binding(1) var<storage, read> stats: array<vec2f>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
// The score of each head's sink.
@group(0) @binding(4) var<storage, read> heads: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

const QUADS = u32(VALUE_DIM) / 4u;

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.x;
  let head = id.y;
  let row = id.z;
  if (quad >= QUADS || row >= step.live) {
    return;
  }
  let first = (row * u32(HEADS) + head) * params.splits;
  var most = -1e30;
  for (var s = 0u; s < params.splits; s++) {
    most = max(most, stats[first + s].x);
  }
  var total = 0.0;
  var sum = vec4f();
  for (var s = 0u; s < params.splits; s++) {
    let stat = stats[first + s];
    // A split without keys has no total; its sums are zero.
    let weight = select(0.0, exp(stat.x - most), stat.y > 0.0);
    total += stat.y * weight;
    sum += sums[(first + s) * QUADS + quad] * weight;
  }
  @if(sinks) { total += exp(min(heads[head] - most, 80.0)); }
  y[(row * u32(HEADS) + head) * QUADS + quad] = sum / total;
}
