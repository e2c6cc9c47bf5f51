// Rotates the queries and keys of each row by its position (RoPE, arXiv 2104.09864) and appends keys and
// values to the cache. A thread handles QUADS quads of one head of one row.
import package::step::Step;
import package::kv::{kv_store, kv_row_words};
import package::kv_page::{key_row, value_row, PAGE};
import constants::{HEADS, KV_HEADS, KEY_DIM, VALUE_DIM, ROTATED, QUADS};

struct Params {
  // Pages a slot has in the page table.
  slot_pages: u32,
  // Floats of a row of qkv: queries, keys, values.
  stride: u32,
}

@group(0) @binding(1) var<storage, read> qkv: array<f32>;
// cos and sin of position p's low byte [256][ROTATED / 2], then of p with the low byte cleared.
@group(0) @binding(2) var<storage, read> angles: array<vec2f>;
@group(0) @binding(3) var<storage, read> step: Step;
@group(0) @binding(4) var<storage, read> page_table: array<u32>;
@group(0) @binding(5) var<storage, read_write> q: array<vec4f>;
@group(0) @binding(6) var<uniform> params: Params;

const HALF = u32(ROTATED) / 2u;

// cos and sin of pair i at a position: the sum of two angles.
fn angle(position: u32, i: u32) -> vec2f {
  let low = angles[(position & 255u) * HALF + i];
  let high = angles[(256u + (position >> 8u)) * HALF + i];
  return vec2f(low.x * high.x - low.y * high.y, low.y * high.x + low.x * high.y);
}

fn load4(i: u32) -> vec4f {
  return vec4f(qkv[i], qkv[i + 1u], qkv[i + 2u], qkv[i + 3u]);
}

// Values d .. d+3 of the head at `head`, rotated.
@if(interleaved) fn rotated(head: u32, d: u32, position: u32) -> vec4f {
  let v = load4(head + d);
  if (d >= u32(ROTATED)) {
    return v;
  }
  let a = angle(position, d / 2u);
  let b = angle(position, d / 2u + 1u);
  return vec4f(v.x * a.x - v.y * a.y, v.x * a.y + v.y * a.x, v.z * b.x - v.w * b.y, v.z * b.y + v.w * b.x);
}

// Halves that are no whole quads (a head of 80, a quarter of it rotated): value by value.
@if(uneven) fn rotated(head: u32, d: u32, position: u32) -> vec4f {
  var v = load4(head + d);
  for (var i = 0u; i < 4u; i++) {
    if (d + i < u32(ROTATED)) {
      let upper = d + i >= HALF;
      let pair = select(d + i, d + i - HALF, upper);
      let a = angle(position, pair);
      let partner = qkv[head + select(d + i + HALF, pair, upper)];
      v[i] = v[i] * a.x + select(-partner, partner, upper) * a.y;
    }
  }
  return v;
}

@if(!interleaved && !uneven) fn rotated(head: u32, d: u32, position: u32) -> vec4f {
  let v = load4(head + d);
  if (d >= u32(ROTATED)) {
    return v;
  }
  let upper = d >= HALF;
  let i = select(d, d - HALF, upper);
  let partner = load4(head + select(d + HALF, i, upper));
  let a = angle(position, i);
  let b = angle(position, i + 1u);
  let c = angle(position, i + 2u);
  let e = angle(position, i + 3u);
  let cosine = vec4f(a.x, b.x, c.x, e.x);
  let sine = vec4f(a.y, b.y, c.y, e.y);
  return v * cosine + select(-partner, partner, vec4<bool>(upper)) * sine;
}

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.z;
  let head = id.y;
  let first = id.x * u32(QUADS);
  let is_value = head >= u32(HEADS + KV_HEADS);
  let quads = select(u32(KEY_DIM), u32(VALUE_DIM), is_value) / 4u;
  if (row >= step.live || first >= quads) {
    return;
  }
  let position = step.rows[row].position;
  let keys = u32(HEADS) * u32(KEY_DIM);
  let values = keys + u32(KV_HEADS) * u32(KEY_DIM);
  let count = min(u32(QUADS), quads - first);
  var v = array<vec4f, 8>();
  if (is_value) {
    let base = row * params.stride + values + (head - u32(HEADS + KV_HEADS)) * u32(VALUE_DIM);
    for (var i = 0u; i < count; i++) {
      v[i] = load4(base + (first + i) * 4u);
    }
  } else {
    let base = row * params.stride + head * u32(KEY_DIM);
    for (var i = 0u; i < count; i++) {
      v[i] = rotated(base, (first + i) * 4u, position);
    }
  }
  if (head < u32(HEADS)) {
    for (var i = 0u; i < count; i++) {
      q[(row * u32(HEADS) + head) * quads + first + i] = v[i];
    }
    return;
  }
  let page = page_table[step.rows[row].slot * params.slot_pages + position / PAGE];
  let token = position % PAGE;
  if (is_value) {
    kv_store(value_row(page, head - u32(HEADS + KV_HEADS), token), first, count, u32(VALUE_DIM), v);
  } else {
    kv_store(key_row(page, head - u32(HEADS), token), first, count, u32(KEY_DIM), v);
  }
}
