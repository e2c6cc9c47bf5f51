// What every thread mapping of the experts' matmul shares: which slots a tile has, where rows begin, and
// what happens to a sum on its way out. A slot is a row's n-th expert: row * used + n.
import package::step::Step;
import package::route::Route;
@if(!clamped) import package::activation::activation;

struct Params {
  // Outputs of an expert, and its rows in the weight.
  outputs: u32,
  expert_rows: u32,
  // Inner size in groups of 32 (rounded up) and in vec4s.
  groups: u32,
  quads: u32,
  // Strides of a weight row: quants in vec4s, scales in words.
  quants_stride: u32,
  scales_stride: u32,
  // Slots a row of the step, and slots that read the same row of x.
  used: u32,
  share: u32,
  // Experts of this weight part.
  first_expert: u32,
  experts: u32,
  // Of the clamped activation.
  limit: f32,
}

// [slots, outputs]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@if(!sorted) @group(0) @binding(4) var<storage, read> step: Step;
@if(!sorted) @group(0) @binding(5) var<storage, read> routes: array<Route>;
@if(sorted) @group(0) @binding(4) var<storage, read> tiles: array<vec4u>;
@if(sorted) @group(0) @binding(5) var<storage, read> order: array<u32>;
// [experts, expert_rows]
@group(0) @binding(6) var<storage, read> addend: array<f32>;
@group(0) @binding(7) var<uniform> params: Params;

struct Tile {
  // Within this weight part; out of range where there is nothing to do.
  expert: u32,
  // Places in the order, or the slot itself.
  first: u32,
  count: u32,
}

@if(sorted) fn tile_at(i: u32) -> Tile {
  if (i >= tiles[0].x) {
    return Tile(params.experts, 0u, 0u);
  }
  let tile = tiles[i + 1u];
  return Tile(tile.x - params.first_expert, tile.y, tile.z);
}

@if(!sorted) fn tile_at(i: u32) -> Tile {
  if (i >= step.live * params.used) {
    return Tile(params.experts, 0u, 0u);
  }
  return Tile(routes[i].expert - params.first_expert, i, 1u);
}

// Places beyond the tile's last repeat it.
@if(sorted) fn slot_at(tile: Tile, i: u32) -> u32 {
  return order[tile.first + min(i, tile.count - 1u)];
}

@if(!sorted) fn slot_at(tile: Tile, i: u32) -> u32 {
  return tile.first;
}

// Where a slot's row of x begins, in vec4s.
fn x_start(slot: u32) -> u32 {
  return slot / params.share * params.quads;
}

// Of an expert's rows, those of the gate stand first, those of the up projection `outputs` rows later.
fn weight_row(expert: u32, output: u32, up: u32) -> u32 {
  return expert * params.expert_rows + min(output, params.outputs - 1u) + up * params.outputs;
}

// Weight rows of the four sums of an output: two gates and their ups, or four outputs.
@if(glu) fn weight_rows(expert: u32, output: u32) -> vec4u {
  return vec4u(
    weight_row(expert, output, 0u), weight_row(expert, output + 1u, 0u),
    weight_row(expert, output, 1u), weight_row(expert, output + 1u, 1u),
  );
}

@if(!glu) fn weight_rows(expert: u32, output: u32) -> vec4u {
  return vec4u(
    weight_row(expert, output, 0u), weight_row(expert, output + 1u, 0u),
    weight_row(expert, output + 2u, 0u), weight_row(expert, output + 3u, 0u),
  );
}

@if(!clamped) fn gated(gate: vec4f, up: vec4f) -> vec4f {
  return activation(gate) * up;
}

// That of gpt-oss.
@if(clamped) fn gated(gate: vec4f, up: vec4f) -> vec4f {
  let limit = vec4f(params.limit);
  let g = min(gate, limit);
  return g / (1.0 + exp(-clamp(1.702 * g, vec4f(-80.0), vec4f(80.0)))) * (clamp(up, -limit, limit) + 1.0);
}

fn store(slot: u32, output: u32, value: f32) {
  if (output < params.outputs) {
    y[slot * params.outputs + output] = value;
  }
}

// `sums` are those of weight_rows(expert, output).
fn finish(expert: u32, slot: u32, output: u32, sums: vec4f) {
  var v = sums;
  @if(addend) {
    let rows = weight_rows(expert + params.first_expert, output);
    v += vec4f(addend[rows.x], addend[rows.y], addend[rows.z], addend[rows.w]);
  }
  @if(glu) {
    v = gated(v.xyxy, v.zwzw);
  }
  // The gate is in y already.
  @if(onto) {
    let i = slot * params.outputs + output;
    let last = (slot + 1u) * params.outputs - 1u;
    v = gated(vec4f(y[i], y[min(i + 1u, last)], y[min(i + 2u, last)], y[min(i + 3u, last)]), v);
  }
  store(slot, output, v.x);
  store(slot, output + 1u, v.y);
  @if(!glu) {
    store(slot, output + 2u, v.z);
    store(slot, output + 3u, v.w);
  }
}
