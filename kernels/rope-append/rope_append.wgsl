// Rotates the queries and keys of each row by its position (RoPE, arXiv 2104.09864) and appends keys and
// values to the cache. A thread handles QUADS quads of SPAN heads of one row, which turn by the same angles.
import package::step::Step;
import package::kv::{kv_store, kv_row_words};
import package::kv_page::{key_row, value_row, PAGE};
import constants::{HEADS, KV_HEADS, KEY_DIM, VALUE_DIM, ROTATED, QUADS, SPAN};

struct Params {
  // Pages a slot has in the page table.
  slot_pages: u32,
  // vec4s of a row of qkv: queries, keys, values.
  stride: u32,
}

@group(0) @binding(1) var<storage, read> qkv: array<vec4f>;
// cos and sin of position p's low byte [256][ROTATED / 2], then of p with the low byte cleared.
@group(0) @binding(2) var<storage, read> angles: array<vec2f>;
@group(0) @binding(3) var<storage, read> step: Step;
@group(0) @binding(4) var<storage, read> page_table: array<u32>;
@group(0) @binding(5) var<storage, read_write> q: array<vec4f>;
@group(0) @binding(6) var<uniform> params: Params;

// At least one, or nothing that is divided by it would compile.
const HALF = max(u32(ROTATED) / 2u, 1u);
const KEY_QUADS = u32(KEY_DIM) / 4u;
const VALUE_QUADS = u32(VALUE_DIM) / 4u;

// Of four values of a head.
struct Turn {
  cosine: vec4f,
  sine: vec4f,
}

// cos and sin of pair i at a position: the sum of two angles.
fn angle(position: u32, i: u32) -> vec2f {
  let low = angles[(position & 255u) * HALF + i];
  let high = angles[(256u + (position >> 8u)) * HALF + i];
  return vec2f(low.x * high.x - low.y * high.y, low.y * high.x + low.x * high.y);
}

fn turn(d: u32, position: u32) -> Turn {
  var t = Turn(vec4f(1.0), vec4f(0.0));
  for (var i = 0u; i < 4u; i++) {
    let at = d + i;
    if (at < u32(ROTATED)) {
      @if(interleaved) let pair = vec2u(at / 2u, at % 2u);
      @if(!interleaved) let pair = vec2u(at % HALF, at / HALF);
      let a = angle(position, pair.x);
      t.cosine[i] = a.x;
      t.sine[i] = select(-a.y, a.y, pair.y == 1u);
    }
  }
  return t;
}

// The other values of the pairs: neighbours, or half of the rotated values apart. Halves may be no whole quads (a head
// of 80, a quarter of it rotated).
@if(interleaved) fn partners(head: u32, d: u32, v: vec4f) -> vec4f {
  return v.yxwz;
}

@if(!interleaved && !uneven) fn partners(head: u32, d: u32, v: vec4f) -> vec4f {
  return qkv[head + select(d + HALF, d - HALF, d >= HALF) / 4u];
}

@if(uneven) fn partners(head: u32, d: u32, v: vec4f) -> vec4f {
  var all = vec4f();
  for (var i = 0u; i < 4u; i++) {
    if (d + i < u32(ROTATED)) {
      let at = select(d + i + HALF, d + i - HALF, d + i >= HALF);
      all[i] = qkv[head + at / 4u][at % 4u];
    }
  }
  return all;
}

// Values d .. d+3 of the head that begins at vec4 `head`.
fn rotated(head: u32, d: u32, by: Turn) -> vec4f {
  let v = qkv[head + d / 4u];
  if (d >= u32(ROTATED)) {
    return v;
  }
  return v * by.cosine + partners(head, d, v) * by.sine;
}

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.z;
  let first = id.x * u32(QUADS);
  if (row >= step.live || first >= max(KEY_QUADS, VALUE_QUADS)) {
    return;
  }
  let position = step.rows[row].position;
  let page = page_table[step.rows[row].slot * params.slot_pages + position / PAGE];
  let token = position % PAGE;
  let start = row * params.stride;
  let by = turn(first * 4u, position);
  let end = min((id.y + 1u) * u32(SPAN), u32(HEADS + 2 * KV_HEADS));
  for (var head = id.y * u32(SPAN); head < end; head++) {
    let is_value = head >= u32(HEADS + KV_HEADS);
    let quads = select(KEY_QUADS, VALUE_QUADS, is_value);
    if (first >= quads) {
      continue;
    }
    let count = min(u32(QUADS), quads - first);
    var v = array<vec4f, 8>();
    if (is_value) {
      let base = start + u32(HEADS + KV_HEADS) * KEY_QUADS + (head - u32(HEADS + KV_HEADS)) * VALUE_QUADS;
      for (var i = 0u; i < count; i++) {
        v[i] = qkv[base + first + i];
      }
      kv_store(value_row(page, head - u32(HEADS + KV_HEADS), token), first, count, u32(VALUE_DIM), v);
      continue;
    }
    let base = start + head * KEY_QUADS;
    v[0] = rotated(base, first * 4u, by);
    for (var i = 1u; i < count; i++) {
      let d = (first + i) * 4u;
      v[i] = rotated(base, d, turn(d, position));
    }
    if (head < u32(HEADS)) {
      for (var i = 0u; i < count; i++) {
        q[(row * u32(HEADS) + head) * KEY_QUADS + first + i] = v[i];
      }
    } else {
      kv_store(key_row(page, head - u32(HEADS), token), first, count, u32(KEY_DIM), v);
    }
  }
}
