// y[r] = C[r] * (sum over k of W[k] * g[position - LENGTH + 1 + k] + bias), each channel on its own, where g are
// the gated inputs in the cache's pages: the first half of the channels as keys, the second as values. A thread
// computes four channels of one row.
import package::step::Step;
import package::kv::kv_load4;
import package::kv_page::{key_row, value_row, PAGE};
import package::kv_bindings::kv;
import constants::{KV_HEADS, KEY_DIM, LENGTH};

struct Params {
  // Pages a slot has in the page table.
  slot_pages: u32,
}

// C: [rows, dim].
@group(0) @binding(1) var<storage, read> c: array<vec4f>;
// [dim, LENGTH], the earliest token first.
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read> step: Step;
@group(0) @binding(5) var<storage, read> page_table: array<u32>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(7) var<uniform> params: Params;

const HALF = u32(KV_HEADS) * u32(KEY_DIM) / 4u;
const HEAD = u32(KEY_DIM) / 4u;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.x;
  let row = id.y;
  if (quad >= 2u * HALF || row >= step.live) {
    return;
  }
  let position = step.rows[row].position;
  let table = step.rows[row].slot * params.slot_pages;
  let second = quad >= HALF;
  let within = select(quad, quad - HALF, second);
  let head = within / HEAD;
  var sum = vec4f();
  for (var k = 0u; k < u32(LENGTH); k++) {
    // Before the first token there was nothing.
    if (position + k + 1u < u32(LENGTH)) {
      continue;
    }
    let token = position + k + 1u - u32(LENGTH);
    let page = page_table[table + token / PAGE];
    let start = select(key_row(page, head, token % PAGE), value_row(page, head, token % PAGE), second);
    let w = quad * 4u * u32(LENGTH) + k;
    sum += kv_load4(start, within % HEAD, u32(KEY_DIM))
      * vec4f(weight[w], weight[w + u32(LENGTH)], weight[w + 2u * u32(LENGTH)], weight[w + 3u * u32(LENGTH)]);
  }
  @if(bias) { sum += bias[quad]; }
  y[row * 2u * HALF + quad] = c[row * 2u * HALF + quad] * sum;
}
