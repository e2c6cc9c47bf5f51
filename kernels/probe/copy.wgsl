// y = x, 16 bytes a thread: what memory can do when nothing else is asked for.

struct Params {
  quads: u32,
  row: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4u>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * params.row + id.x;
  if (id.x >= params.row || i >= params.quads) {
    return;
  }
  y[i] = x[i];
}
