// What every thread mapping of the matmul shares: parameters, a row of x by groups of 32, and what
// happens to a sum on its way out.
import package::step::Step;
import package::group::Group;

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
}

@group(0) @binding(2) var<storage, read> x: array<vec4f>;
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

struct X {
  v: array<vec4f, 8>,
  // Sums of the two halves, for the shift of the weights.
  sum: vec2f,
}

@if(tail) fn x_at(i: u32, end: u32) -> vec4f {
  return select(vec4f(0.0), x[i], vec4<bool>(i < end));
}

fn load_x(row: u32, g: u32) -> X {
  @if(!heads) let start = row * params.quads;
  @if(heads) let start = row * params.x_stride + head * params.x_head;
  let i = start + g * 8u;
  @if(tail) let end = start + params.quads;
  @if(tail) let v = array(
    x_at(i, end), x_at(i + 1u, end), x_at(i + 2u, end), x_at(i + 3u, end),
    x_at(i + 4u, end), x_at(i + 5u, end), x_at(i + 6u, end), x_at(i + 7u, end),
  );
  @if(!tail) let v = array(x[i], x[i + 1u], x[i + 2u], x[i + 3u], x[i + 4u], x[i + 5u], x[i + 6u], x[i + 7u]);
  let one = vec4f(1.0);
  return X(v, vec2f(dot(v[0] + v[1] + v[2] + v[3], one), dot(v[4] + v[5] + v[6] + v[7], one)));
}

fn dot_group(w: Group, x: X) -> f32 {
  let halves = vec2f(
    dot(w.q[0], x.v[0]) + dot(w.q[1], x.v[1]) + dot(w.q[2], x.v[2]) + dot(w.q[3], x.v[3]),
    dot(w.q[4], x.v[4]) + dot(w.q[5], x.v[5]) + dot(w.q[6], x.v[6]) + dot(w.q[7], x.v[7]),
  );
  return dot(w.scale, halves) + dot(w.shift, x.sum);
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
