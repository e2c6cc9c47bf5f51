// Causal attention with a thread per (row, head, split): online softmax (arXiv 1805.02867), four keys at a
// time, no barrier. The form for software adapters.
import package::attention_io::{q, step, page_table, y, stats, params, first_key, split_start, adjusted, inverse_total, LOWEST};
import package::kv::kv_load4;
import package::kv_page::{key_row, value_row, value_load4, PAGE};
import package::kv_bindings::kv;
import constants::{HEADS, KV_HEADS, KEY_DIM, VALUE_DIM};

const KEY_QUADS = u32(KEY_DIM) / 4u;
const VALUE_QUADS = u32(VALUE_DIM) / 4u;

@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let head = id.x;
  let row = id.y;
  let split = id.z;
  if (head >= u32(HEADS) || row >= step.live) {
    return;
  }
  let kv_head = head / u32(HEADS / KV_HEADS);
  let table = step.rows[row].slot * params.slot_pages;
  let position = step.rows[row].position;
  let split_first = split_start(first_key(position), split);
  let first = max(first_key(position), split_first);
  let end = min(position + 1u, split_first + params.split_keys);

  var query: array<vec4f, KEY_QUADS>;
  for (var i = 0u; i < KEY_QUADS; i++) {
    query[i] = q[(row * u32(HEADS) + head) * KEY_QUADS + i] * params.scale;
  }
  var sum: array<vec4f, VALUE_QUADS>;
  var most = LOWEST;
  var total = 0.0;
  // Four keys never straddle a page.
  for (var key = first & ~3u; key < end; key += 4u) {
    let page = page_table[table + key / PAGE];
    let token = key % PAGE;
    let k = vec4u(
      key_row(page, kv_head, token), key_row(page, kv_head, token + 1u),
      key_row(page, kv_head, token + 2u), key_row(page, kv_head, token + 3u),
    );
    var scores = vec4f();
    for (var i = 0u; i < KEY_QUADS; i++) {
      let part = query[i];
      scores += vec4f(
        dot(part, kv_load4(k.x, i, u32(KEY_DIM))), dot(part, kv_load4(k.y, i, u32(KEY_DIM))),
        dot(part, kv_load4(k.z, i, u32(KEY_DIM))), dot(part, kv_load4(k.w, i, u32(KEY_DIM))),
      );
    }
    let keys = vec4u(key, key + 1u, key + 2u, key + 3u);
    let live = (keys >= vec4u(first)) & (keys < vec4u(end));
    scores = vec4f(
      adjusted(scores.x, head, keys.x, position), adjusted(scores.y, head, keys.y, position),
      adjusted(scores.z, head, keys.z, position), adjusted(scores.w, head, keys.w, position),
    );
    scores = select(vec4f(LOWEST), scores, live);
    let largest = max(most, max(max(scores.x, scores.y), max(scores.z, scores.w)));
    let weights = select(vec4f(0.0), exp(scores - largest), live);
    let fade = exp(most - largest);
    total = total * fade + dot(weights, vec4f(1.0));
    most = largest;
    let v = vec4u(
      value_row(page, kv_head, token), value_row(page, kv_head, token + 1u),
      value_row(page, kv_head, token + 2u), value_row(page, kv_head, token + 3u),
    );
    for (var i = 0u; i < VALUE_QUADS; i++) {
      // A dead token's row may hold anything, even NaN, so it is not multiplied by zero but replaced.
      sum[i] = sum[i] * fade
        + weights.x * select(vec4f(0.0), value_load4(v.x, i), live.x)
        + weights.y * select(vec4f(0.0), value_load4(v.y, i), live.y)
        + weights.z * select(vec4f(0.0), value_load4(v.z, i), live.z)
        + weights.w * select(vec4f(0.0), value_load4(v.w, i), live.w);
    }
  }
  let record = (row * u32(HEADS) + head) * params.splits + split;
  let inverse = select(1.0, inverse_total(most, total, head), params.splits == 1u);
  for (var i = 0u; i < VALUE_QUADS; i++) {
    y[record * VALUE_QUADS + i] = sum[i] * inverse;
  }
  stats[record] = vec2f(most, total);
}
