// y[r, column + o] += scale * sum over j of low[r, j] * b[o, j]. A thread owns one output of one row.
import package::step::Step;

struct Params {
  outputs: u32,
  column: u32,
  // Rank in vec4s, and the columns of y.
  quads: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> low: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> step: Step;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) count: vec3u) {
  let output = id.x + id.z * count.x * 64u;
  let row = id.y;
  if (output >= params.outputs || row >= step.live) {
    return;
  }
  var sum = 0.0;
  for (var j = 0u; j < params.quads; j++) {
    sum += dot(low[row * params.quads + j], b[output * params.quads + j]);
  }
  y[row * params.columns + params.column + output] += scale[0] * sum;
}
