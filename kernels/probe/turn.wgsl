// Four vectors a thread, each turned again and again by a matrix of its own: 4 x 16 multiply-adds a round that hang
// on the round before, and no memory. The form, dot products of vec4f, is the one that matmuls have.

struct Params {
  rounds: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

fn turned(v: vec4f, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
  return vec4f(dot(v, a), dot(v, b), dot(v, c), dot(v, d));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = x[0];
  let b = x[1];
  let c = x[2];
  let d = x[3];
  let start = x[4] * (1.0 + f32(id.x & 7u));
  var v0 = start;
  var v1 = start.yzwx;
  var v2 = start.zwxy;
  var v3 = start.wxyz;
  for (var i = 0u; i < params.rounds; i++) {
    v0 = turned(v0, a, b, c, d);
    v1 = turned(v1, a, b, c, d);
    v2 = turned(v2, a, b, c, d);
    v3 = turned(v3, a, b, c, d);
  }
  y[id.x] = v0 + v1 + v2 + v3;
}
