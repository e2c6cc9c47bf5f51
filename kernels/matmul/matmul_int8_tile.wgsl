// The tiled form (matmul_tile.wgsl) on activations in bytes: 256 threads own a tile of 64 outputs x 64 rows of x, 4 x 4
// each. Groups of 32 lie in workgroup memory as the 8 words of their bytes, with scales and shifts beside them.
import package::matmul_io::{params, step, place, weight_row, store};
@if(glu) import package::matmul_io::gated;
import package::packed_weight::load_packed;
import package::int8_rows::{load_int8, signed_codes, whole_shift};

// [word][slot]: 2 KiB each; then scale and shift of the weights' halves, and scale and sums of x: 1 KiB each.
var<workgroup> w_words: array<array<u32, 64>, 8>;
var<workgroup> x_words: array<array<u32, 64>, 8>;
var<workgroup> w_rest: array<vec4f, 64>;
var<workgroup> x_rest: array<vec4f, 64>;

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

fn dot_four(w: vec4u, x: u32) -> vec4i {
  return vec4i(dot4I8Packed(w.x, x), dot4I8Packed(w.y, x), dot4I8Packed(w.z, x), dot4I8Packed(w.w, x));
}

// Words first .. first + 3 of four weight rows with those of four rows of x.
fn dot_words(first: u32, wx: u32, xy: u32) -> array<vec4i, 4> {
  var sums = array<vec4i, 4>();
  for (var k = first; k < first + 4u; k++) {
    let w = vec4u(w_words[k][wx], w_words[k][wx + 1u], w_words[k][wx + 2u], w_words[k][wx + 3u]);
    sums[0] += dot_four(w, x_words[k][xy]);
    sums[1] += dot_four(w, x_words[k][xy + 1u]);
    sums[2] += dot_four(w, x_words[k][xy + 2u]);
    sums[3] += dot_four(w, x_words[k][xy + 3u]);
  }
  return sums;
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
      let w = load_packed(row * params.quants_stride, row * params.scales_stride, g);
      let low = signed_codes(w.low);
      let high = signed_codes(w.high);
      w_words[0][lane] = low.x;
      w_words[1][lane] = low.y;
      w_words[2][lane] = low.z;
      w_words[3][lane] = low.w;
      w_words[4][lane] = high.x;
      w_words[5][lane] = high.y;
      w_words[6][lane] = high.z;
      w_words[7][lane] = high.w;
      w_rest[lane] = vec4f(w.scale, whole_shift(w));
    } else if (lane < 128u) {
      let slot = lane - 64u;
      let v = load_int8(min(first_row + slot, params.rows - 1u) * params.groups + g);
      x_words[0][slot] = v.low.x;
      x_words[1][slot] = v.low.y;
      x_words[2][slot] = v.low.z;
      x_words[3][slot] = v.low.w;
      x_words[4][slot] = v.high.x;
      x_words[5][slot] = v.high.y;
      x_words[6][slot] = v.high.z;
      x_words[7][slot] = v.high.w;
      x_rest[slot] = vec4f(v.scale, v.sum, 0.0);
    }
    workgroupBarrier();
    let low = dot_words(0u, wx, xy);
    let high = dot_words(4u, wx, xy);
    let w0 = w_rest[wx];
    let w1 = w_rest[wx + 1u];
    let w2 = w_rest[wx + 2u];
    let w3 = w_rest[wx + 3u];
    let scale = vec4f(w0.x, w1.x, w2.x, w3.x);
    let shift = vec4f(w0.z, w1.z, w2.z, w3.z);
    @if(halves) let scale_high = vec4f(w0.y, w1.y, w2.y, w3.y);
    @if(halves) let shift_high = vec4f(w0.w, w1.w, w2.w, w3.w);
    for (var i = 0u; i < 4u; i++) {
      let rest = x_rest[xy + i];
      @if(halves) {
        acc[i] += (vec4f(low[i]) * scale + vec4f(high[i]) * scale_high) * rest.x + shift * rest.y + shift_high * rest.z;
      }
      @if(!halves) {
        acc[i] += vec4f(low[i] + high[i]) * (scale * rest.x) + shift * rest.y;
      }
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
