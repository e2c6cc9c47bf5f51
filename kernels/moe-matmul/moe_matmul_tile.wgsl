// Grouped GEMM for real GPUs: 128 threads own a tile of 64 weight rows of one expert x 32 of its slots, 4 x 4
// each, and walk the inner size in groups of 32 that are decoded once into workgroup memory.
import package::moe_io::{params, tile_at, slot_at, x_start, weight_rows, finish};
import package::weight::load_group;
import package::x_group::load_x;

// [k][weight row or slot]: 8 and 4 KiB.
var<workgroup> w_tile: array<array<f32, 64>, 32>;
var<workgroup> x_tile: array<array<f32, 32>, 32>;

@if(glu) const OUTPUTS = 2u;
@else const OUTPUTS = 4u;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  // A thread's four weight rows are those of one call of weight_rows; a tile has 16 such calls.
  let first = group.x * 16u * OUTPUTS;
  let tile = tile_at(group.y);
  if (first >= params.outputs || tile.expert >= params.experts) {
    return;
  }
  let across = lane & 15u;
  let down = lane >> 4u;
  var acc = array<vec4f, 4>();
  for (var g = 0u; g < params.groups; g++) {
    if (lane < 64u) {
      let row = weight_rows(tile.expert, first + (lane >> 2u) * OUTPUTS)[lane & 3u];
      let w = load_group(row * params.quants_stride, row * params.scales_stride, g);
      for (var i = 0u; i < 8u; i++) {
        let v = w.q[i] * w.scale[i >> 2u] + w.shift[i >> 2u];
        w_tile[4u * i][lane] = v.x;
        w_tile[4u * i + 1u][lane] = v.y;
        w_tile[4u * i + 2u][lane] = v.z;
        w_tile[4u * i + 3u][lane] = v.w;
      }
    } else if (lane < 96u) {
      let place = lane - 64u;
      let values = load_x(x_start(slot_at(tile, place)), params.quads, g, 0u).v;
      for (var i = 0u; i < 8u; i++) {
        let v = values[i];
        x_tile[4u * i][place] = v.x;
        x_tile[4u * i + 1u][place] = v.y;
        x_tile[4u * i + 2u][place] = v.z;
        x_tile[4u * i + 3u][place] = v.w;
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < 32u; k++) {
      let wx = across * 4u;
      let w = vec4f(w_tile[k][wx], w_tile[k][wx + 1u], w_tile[k][wx + 2u], w_tile[k][wx + 3u]);
      acc[0] += w * x_tile[k][down * 4u];
      acc[1] += w * x_tile[k][down * 4u + 1u];
      acc[2] += w * x_tile[k][down * 4u + 2u];
      acc[3] += w * x_tile[k][down * 4u + 3u];
    }
    workgroupBarrier();
  }
  let output = first + across * OUTPUTS;
  for (var i = 0u; i < 4u; i++) {
    let place = down * 4u + i;
    if (place < tile.count && output < params.outputs) {
      finish(tile.expert, slot_at(tile, place), output, acc[i]);
    }
  }
}
