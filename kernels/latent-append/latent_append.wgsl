// What latent attention (DeepSeek-V2, arXiv 2405.04434) caches of a row, and the part of its queries that turns.
// Of [rank | rotated] values the first are normed (RMS, arXiv 1910.07467), the rest turned by RoPE in pairs
// (2i, 2i+1): one key row for all heads. Workgroups beyond the first turn the last values of each head's query.
import package::step::Step;
import package::kv::{kv_store, kv_row_words};
import package::kv_page::{key_row, PAGE};
import constants::{HEADS, KEY_DIM, RANK, PLAIN, QUADS};

struct Params {
  // Pages a slot has in the page table.
  slot_pages: u32,
  epsilon: f32,
}

@group(0) @binding(1) var<storage, read> compressed: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
// cos and sin of position p's low byte [256][ROTATED / 2], then of p with the low byte cleared.
@group(0) @binding(3) var<storage, read> angles: array<vec2f>;
@group(0) @binding(4) var<storage, read> step: Step;
@group(0) @binding(5) var<storage, read> page_table: array<u32>;
// [rows, HEADS, PLAIN + ROTATED], and [rows, HEADS, KEY_DIM] of which the last ROTATED are written.
@group(0) @binding(6) var<storage, read> projected: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> q: array<vec4f>;
@group(0) @binding(8) var<uniform> params: Params;

const KEY_QUADS = u32(KEY_DIM) / 4u;
const RANK_QUADS = u32(RANK) / 4u;
const TURN_QUADS = KEY_QUADS - RANK_QUADS;
const PLAIN_QUADS = u32(PLAIN) / 4u;
const LANES = 64u;

var<workgroup> partial: array<f32, LANES>;

// cos and sin of pair i at a position: the sum of two angles.
fn angle(position: u32, i: u32) -> vec2f {
  let low = angles[(position & 255u) * TURN_QUADS * 2u + i];
  let high = angles[(256u + (position >> 8u)) * TURN_QUADS * 2u + i];
  return vec2f(low.x * high.x - low.y * high.y, low.y * high.x + low.x * high.y);
}

// Quad i of the turned part.
fn turned(v: vec4f, i: u32, position: u32) -> vec4f {
  let a = angle(position, 2u * i);
  let b = angle(position, 2u * i + 1u);
  return vec4f(v.x * a.x - v.y * a.y, v.x * a.y + v.y * a.x, v.z * b.x - v.w * b.y, v.z * b.y + v.w * b.x);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y;
  if (row >= step.live) {
    return;
  }
  let position = step.rows[row].position;
  if (group.x > 0u) {
    let i = (group.x - 1u) * LANES + lane;
    let head = i / TURN_QUADS;
    if (head < u32(HEADS)) {
      let at = row * u32(HEADS) + head;
      let v = projected[at * (PLAIN_QUADS + TURN_QUADS) + PLAIN_QUADS + i % TURN_QUADS];
      q[at * KEY_QUADS + RANK_QUADS + i % TURN_QUADS] = turned(v, i % TURN_QUADS, position);
    }
    return;
  }
  let base = row * KEY_QUADS;
  var squares = 0.0;
  for (var i = lane; i < RANK_QUADS; i += LANES) {
    squares += dot(compressed[base + i], compressed[base + i]);
  }
  partial[lane] = squares;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < LANES; i++) {
    sum += partial[i];
  }
  let factor = inverseSqrt(sum / f32(RANK) + params.epsilon);
  let page = page_table[step.rows[row].slot * params.slot_pages + position / PAGE];
  for (var first = lane * u32(QUADS); first < KEY_QUADS; first += LANES * u32(QUADS)) {
    let count = min(u32(QUADS), KEY_QUADS - first);
    var v = array<vec4f, 8>();
    for (var j = 0u; j < count; j++) {
      let i = first + j;
      let value = compressed[base + i];
      if (i < RANK_QUADS) {
        v[j] = value * factor * weight[i];
      } else {
        v[j] = turned(value, i - RANK_QUADS, position);
      }
    }
    kv_store(key_row(page, 0u, position % PAGE), first, count, u32(KEY_DIM), v);
  }
}
