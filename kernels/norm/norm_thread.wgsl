// The same norm with a thread per row: no barrier, for software adapters.
import package::step::Step;

struct Params {
  quads: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> step: Step;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read> residual: array<vec4f>;
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= step.live) {
    return;
  }
  let first = id.x * params.quads;
  let count = f32(params.quads * 4u);
  var mean = 0.0;
  @if(centred) {
    var sums = vec4f();
    for (var i = 0u; i < params.quads; i++) {
      sums += x[first + i];
    }
    mean = dot(sums, vec4f(1.0)) / count;
  }
  var squares = 0.0;
  for (var i = 0u; i < params.quads; i++) {
    let v = x[first + i] - mean;
    squares += dot(v, v);
  }
  let factor = inverseSqrt(squares / count + params.epsilon);
  for (var i = 0u; i < params.quads; i++) {
    var value = (x[first + i] - mean) * factor;
    @if(weight) { value *= weight[i]; }
    @if(bias) { value += bias[i]; }
    @if(residual) { value += residual[first + i]; }
    y[first + i] = value;
  }
}
