// What every thread mapping of the matmul shares: parameters, where rows begin, and what happens to a sum on
// its way out.
import package::step::Step;

struct Params {
  // Outputs of this weight part, and the column of y where they begin.
  outputs: u32,
  column: u32,
  rows: u32,
  // Inner size in groups of 32 (rounded up) and in vec4s.
  groups: u32,
  quads: u32,
  // Strides of a weight row: quants in vec4s, scales in words; of a row of y in floats.
  quants_stride: u32,
  scales_stride: u32,
  y_stride: u32,
  // vec4s of a row of x and of a head in it; floats of a head in a row of y.
  @if(heads) x_stride: u32,
  @if(heads) x_head: u32,
  @if(heads) y_head: u32,
  // The head whose matrix is the first of this weight part.
  @if(heads) first_head: u32,
  @if(fold) epsilon: f32,
}

@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read> step: Step;
@group(0) @binding(5) var<storage, read> addend: array<f32>;
@group(0) @binding(6) var<storage, read> residual: array<f32>;
@group(0) @binding(7) var<uniform> params: Params;

// Of heads with a matrix each (head-matmul): the one that this workgroup computes.
@if(heads) var<private> head = 0u;

// The first output's number in a grid that is folded along z, or has its heads there.
fn place(along: u32, z: u32, fold: u32) -> u32 {
  @if(heads) { head = z + params.first_head; }
  @if(heads) { return along; }
  @if(!heads) { return along + z * fold; }
}

// Where a row of x begins, in vec4s.
fn x_start(row: u32) -> u32 {
  @if(!heads) { return row * params.quads; }
  @if(heads) { return row * params.x_stride + head * params.x_head; }
}

// Rows of the gate stand first in the weight, those of the up projection `outputs` rows later.
fn weight_row(output: u32, up: u32) -> u32 {
  @if(heads) { return output + (head - params.first_head) * params.outputs; }
  @if(!heads) { return output + up * params.outputs; }
}

@if(glu) fn gated(gate: f32, up: f32) -> f32 {
  // Clamped, because exp may overflow to something that is not infinity.
  return gate / (1.0 + exp(-clamp(gate, -80.0, 80.0))) * up;
}

fn store(row: u32, output: u32, sum: f32) {
  if (output >= params.outputs || row >= params.rows) {
    return;
  }
  let column = params.column + output;
  @if(!heads) let i = row * params.y_stride + column;
  @if(heads) let i = row * params.y_stride + head * params.y_head + column;
  var value = sum;
  @if(addend) { value += addend[column]; }
  @if(residual) { value += residual[i]; }
  y[i] = value;
}

// Sums of four weight rows; of a gate's and an up projection's two, for two outputs.
fn store_four(row: u32, output: u32, sums: vec4f) {
  @if(glu) {
    store(row, output, gated(sums.x, sums.z));
    store(row, output + 1u, gated(sums.y, sums.w));
  }
  @if(!glu) {
    store(row, output, sums.x);
    store(row, output + 1u, sums.y);
    store(row, output + 2u, sums.z);
    store(row, output + 3u, sums.w);
  }
}

// Sums of eight weight rows; of a gate's and an up projection's four, for four outputs.
fn store_eight(row: u32, output: u32, low: vec4f, high: vec4f) {
  for (var i = 0u; i < 4u; i++) {
    @if(glu) { store(row, output + i, gated(low[i], high[i])); }
    @if(!glu) {
      store(row, output + i, low[i]);
      store(row, output + 4u + i, high[i]);
    }
  }
}
