// GEMM for real GPUs: 256 threads own a tile of 64 outputs x 64 rows of x, 4 x 4 each, and walk the inner
// size in groups of 32 that are decoded once into workgroup memory, transposed so that reads are vec4s.
import package::matmul_io::{params, step, place, x_start, weight_row, store};
@if(glu) import package::matmul_io::gated;
import package::weight::load_group;
import package::x_group::load_x;

// [k][64 / 4]: exactly 8 KiB each, so that both fit the 16 KiB that every adapter has.
var<workgroup> w_tile: array<array<f32, 64>, 32>;
var<workgroup> x_tile: array<array<f32, 64>, 32>;

@if(glu) const OUTPUTS = 32u;
@else const OUTPUTS = 64u;

// Tile slot -> weight row. With GLU a thread's four slots are gate, gate, up, up of two outputs.
@if(glu) fn row_of(first: u32, slot: u32) -> u32 {
  let output = min(first + (slot >> 2u) * 2u + (slot & 1u), params.outputs - 1u);
  return weight_row(output, (slot >> 1u) & 1u);
}

@if(!glu) fn row_of(first: u32, slot: u32) -> u32 {
  return weight_row(min(first + slot, params.outputs - 1u), 0u);
}

@compute @workgroup_size(256)
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
  let wx = (lane & 15u) * 4u;
  let xy = (lane >> 4u) * 4u;
  var acc = array<vec4f, 4>();
  for (var g = 0u; g < params.groups; g++) {
    if (lane < 64u) {
      let row = row_of(first, lane);
      let w = load_group(row * params.quants_stride, row * params.scales_stride, g);
      for (var i = 0u; i < 8u; i++) {
        let v = w.q[i] * w.scale[i >> 2u] + w.shift[i >> 2u];
        w_tile[4u * i][lane] = v.x;
        w_tile[4u * i + 1u][lane] = v.y;
        w_tile[4u * i + 2u][lane] = v.z;
        w_tile[4u * i + 3u][lane] = v.w;
      }
    } else if (lane < 128u) {
      let slot = lane - 64u;
      let values = load_x(x_start(min(first_row + slot, params.rows - 1u)), params.quads, g, 0u).v;
      for (var i = 0u; i < 8u; i++) {
        let v = values[i];
        x_tile[4u * i][slot] = v.x;
        x_tile[4u * i + 1u][slot] = v.y;
        x_tile[4u * i + 2u][slot] = v.z;
        x_tile[4u * i + 3u][slot] = v.w;
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < 32u; k++) {
      let w = vec4f(w_tile[k][wx], w_tile[k][wx + 1u], w_tile[k][wx + 2u], w_tile[k][wx + 3u]);
      acc[0] += w * x_tile[k][xy];
      acc[1] += w * x_tile[k][xy + 1u];
      acc[2] += w * x_tile[k][xy + 2u];
      acc[3] += w * x_tile[k][xy + 3u];
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    let row = first_row + xy + i;
    @if(glu) {
      let output = first + (wx >> 1u);
      store(row, output, gated(acc[i].x, acc[i].z));
      store(row, output + 1u, gated(acc[i].y, acc[i].w));
    }
    @if(!glu) {
      for (var j = 0u; j < 4u; j++) {
        store(row, first + wx + j, acc[i][j]);
      }
    }
  }
}
