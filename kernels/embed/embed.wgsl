// y[r] = the decoded weight row of row r's token, or with `positions` of its position, added to what y holds.
// A thread decodes 32 values.
import package::step::Step;
import package::weight::load_group;

struct Params {
  rows: u32,
  groups: u32,
  quads: u32,
  quants_stride: u32,
  scales_stride: u32,
  // The ids whose rows this part holds.
  first: u32,
  count: u32,
  scale: f32,
}

@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = id.x;
  let row = id.y;
  if (g >= params.groups || row >= step.live) {
    return;
  }
  @if(positions) let token = step.rows[row].position - params.first;
  @if(!positions) let token = step.rows[row].token - params.first;
  if (token >= params.count) {
    return;
  }
  let w = load_group(token * params.quants_stride, token * params.scales_stride, g);
  for (var i = 0u; i < 8u; i++) {
    if (g * 8u + i < params.quads) {
      var value = (w.q[i] * w.scale[i >> 2u] + w.shift[i >> 2u]) * params.scale;
      @if(positions) { value += y[row * params.quads + g * 8u + i]; }
      y[row * params.quads + g * 8u + i] = value;
    }
  }
}
