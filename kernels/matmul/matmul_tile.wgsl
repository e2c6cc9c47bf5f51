// GEMM for real GPUs: 128 threads own a tile of 64 outputs x 64 rows of x, 8 x 4 each, and walk the inner size in
// groups of 32 that are decoded once into workgroup memory: half of the threads a row of weights each, half one of x.
import package::matmul_io::{params, step, place, x_start, weight_row, store};
@if(glu) import package::matmul_io::gated;
import package::weight::load_group;
import package::x_group::load_x;

// [row][k / 4]: exactly 8 KiB each, so that both fit the 16 KiB that every adapter has. Quad k / 4 of row r stands at
// k / 4 ^ r % 8, so that eight threads that read eight rows at once reach all banks.
var<workgroup> w_tile: array<array<vec4f, 8>, 64>;
var<workgroup> x_tile: array<array<vec4f, 8>, 64>;

@if(glu) const OUTPUTS = 32u;
@else const OUTPUTS = 64u;

// Tile slot -> weight row. A thread's slots are eight apart; with GLU every second is the up of the one before.
@if(glu) fn row_of(first: u32, slot: u32) -> u32 {
  let output = min(first + (slot >> 4u) * 8u + (slot & 7u), params.outputs - 1u);
  return weight_row(output, (slot >> 3u) & 1u);
}

@if(!glu) fn row_of(first: u32, slot: u32) -> u32 {
  return weight_row(min(first + slot, params.outputs - 1u), 0u);
}

fn dots(w0: vec4f, w1: vec4f, w2: vec4f, w3: vec4f, v: vec4f) -> vec4f {
  return vec4f(dot(w0, v), dot(w1, v), dot(w2, v), dot(w3, v));
}

@if(glu) fn finish(row: u32, output: u32, low: vec4f, high: vec4f) {
  store(row, output, gated(low.x, low.y));
  store(row, output + 8u, gated(low.z, low.w));
  store(row, output + 16u, gated(high.x, high.y));
  store(row, output + 24u, gated(high.z, high.w));
}

@if(!glu) fn finish(row: u32, output: u32, low: vec4f, high: vec4f) {
  for (var i = 0u; i < 4u; i++) {
    store(row, output + i * 8u, low[i]);
    store(row, output + 32u + i * 8u, high[i]);
  }
}

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = place(group.x, group.z, count.x) * OUTPUTS;
  let first_row = group.y * 64u;
  if (first >= params.outputs || first_row >= step.live) {
    return;
  }
  // What the thread stages.
  let slot = lane & 63u;
  let weights = lane < 64u;
  let row = row_of(first, slot);
  let q_row = row * params.quants_stride;
  let s_row = row * params.scales_stride;
  let start = x_start(min(first_row + slot, params.rows - 1u));
  // What it sums up: slots `across` + 8 i of the weights by `down` + 16 j of x.
  let across = lane & 7u;
  let down = lane >> 3u;
  var low0 = vec4f();
  var low1 = vec4f();
  var low2 = vec4f();
  var low3 = vec4f();
  var high0 = vec4f();
  var high1 = vec4f();
  var high2 = vec4f();
  var high3 = vec4f();
  for (var g = 0u; g < params.groups; g++) {
    if (weights) {
      let w = load_group(q_row, s_row, g);
      for (var i = 0u; i < 8u; i++) {
        w_tile[slot][i ^ (slot & 7u)] = w.q[i] * w.scale[i >> 2u] + w.shift[i >> 2u];
      }
    } else {
      let v = load_x(start, params.quads, g, 0u).v;
      for (var i = 0u; i < 8u; i++) {
        x_tile[slot][i ^ (slot & 7u)] = v[i];
      }
    }
    workgroupBarrier();
    for (var i = 0u; i < 8u; i++) {
      let a = i ^ across;
      let w0 = w_tile[across][a];
      let w1 = w_tile[across + 8u][a];
      let w2 = w_tile[across + 16u][a];
      let w3 = w_tile[across + 24u][a];
      let w4 = w_tile[across + 32u][a];
      let w5 = w_tile[across + 40u][a];
      let w6 = w_tile[across + 48u][a];
      let w7 = w_tile[across + 56u][a];
      let d = i ^ (down & 7u);
      let v0 = x_tile[down][d];
      let v1 = x_tile[down + 16u][d];
      let v2 = x_tile[down + 32u][d];
      let v3 = x_tile[down + 48u][d];
      low0 += dots(w0, w1, w2, w3, v0);
      low1 += dots(w0, w1, w2, w3, v1);
      low2 += dots(w0, w1, w2, w3, v2);
      low3 += dots(w0, w1, w2, w3, v3);
      high0 += dots(w4, w5, w6, w7, v0);
      high1 += dots(w4, w5, w6, w7, v1);
      high2 += dots(w4, w5, w6, w7, v2);
      high3 += dots(w4, w5, w6, w7, v3);
    }
    workgroupBarrier();
  }
  finish(first_row + down, first + across, low0, high0);
  finish(first_row + down + 16u, first + across, low1, high1);
  finish(first_row + down + 32u, first + across, low2, high2);
  finish(first_row + down + 48u, first + across, low3, high3);
}
