// Causal attention with a thread for some queries of one KV head, rows and grouped heads packed together so that keys
// and values are read and decoded once for all of them: online softmax (arXiv 1805.02867), four keys at a time, no
// barrier. The form for software adapters, which keep a query's sum in memory anyway and compile loops faster than
// what is written out.
import package::attention_io::{q, step, page_table, y, stats, params, first_key, split_start, adjusted, inverse_total, LOWEST};
import package::kv::kv_load4;
import package::kv_page::{key_row, value_row, value_load4, PAGE};
import package::kv_bindings::kv;
import constants::{HEADS, KV_HEADS, KEY_DIM, VALUE_DIM, QUERIES};

const GROUP = u32(HEADS / KV_HEADS);
const KEY_QUADS = u32(KEY_DIM) / 4u;
const VALUE_QUADS = u32(VALUE_DIM) / 4u;
// Queries of a thread.
const N = u32(QUERIES);

@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let kv_head = id.y;
  let first_row = id.z * params.sequence_rows;
  let end_row = min(first_row + params.sequence_rows, step.live);
  // Threads that the sequence's queries take, for each split.
  let blocks = (params.sequence_rows * GROUP + N - 1u) / N;
  let split = id.x / blocks;
  let first_query = id.x % blocks * N;
  if (split >= params.splits || first_row + first_query / GROUP >= end_row) {
    return;
  }
  let count = min(N, (end_row - first_row) * GROUP - first_query);
  // Position grows with the row: the first row sees furthest back, the last one ahead.
  let bottom = step.rows[first_row + first_query / GROUP].position;
  let top = step.rows[first_row + (first_query + count - 1u) / GROUP].position;
  let table = step.rows[first_row].slot * params.slot_pages;
  let split_first = split_start(first_key(bottom), split);
  let start = max(first_key(bottom), split_first);
  let end = min(top + 1u, split_first + params.split_keys);

  // Where each query begins in q.
  var begins: array<u32, N>;
  var sums: array<vec4f, VALUE_QUADS * N>;
  var most: array<f32, N>;
  var totals: array<f32, N>;
  // Of the four keys, and then their weights.
  var scores: array<vec4f, N>;
  var fades: array<f32, N>;
  for (var j = 0u; j < count; j++) {
    let query = first_query + j;
    let head = kv_head * GROUP + query % GROUP;
    begins[j] = ((first_row + query / GROUP) * u32(HEADS) + head) * KEY_QUADS;
    most[j] = LOWEST;
  }
  // Four keys never straddle a page.
  for (var key = start & ~3u; key < end; key += 4u) {
    let page = page_table[table + key / PAGE];
    let token = key % PAGE;
    let k = vec4u(
      key_row(page, kv_head, token), key_row(page, kv_head, token + 1u),
      key_row(page, kv_head, token + 2u), key_row(page, kv_head, token + 3u),
    );
    // By hand: a variable declared here would not be zeroed again in SwiftShader's later rounds.
    for (var j = 0u; j < count; j++) {
      scores[j] = vec4f();
    }
    for (var i = 0u; i < KEY_QUADS; i++) {
      let k0 = kv_load4(k.x, i, u32(KEY_DIM));
      let k1 = kv_load4(k.y, i, u32(KEY_DIM));
      let k2 = kv_load4(k.z, i, u32(KEY_DIM));
      let k3 = kv_load4(k.w, i, u32(KEY_DIM));
      for (var j = 0u; j < count; j++) {
        let part = q[begins[j] + i] * params.scale;
        scores[j] += vec4f(dot(part, k0), dot(part, k1), dot(part, k2), dot(part, k3));
      }
    }
    let keys = vec4u(key, key + 1u, key + 2u, key + 3u);
    for (var j = 0u; j < count; j++) {
      let query = first_query + j;
      let head = kv_head * GROUP + query % GROUP;
      let position = step.rows[first_row + query / GROUP].position;
      let raw = scores[j];
      let live = (keys >= vec4u(max(start, first_key(position)))) & (keys < vec4u(min(end, position + 1u)));
      let score = select(vec4f(LOWEST), vec4f(
        adjusted(raw.x, head, keys.x, position), adjusted(raw.y, head, keys.y, position),
        adjusted(raw.z, head, keys.z, position), adjusted(raw.w, head, keys.w, position),
      ), live);
      let largest = max(most[j], max(max(score.x, score.y), max(score.z, score.w)));
      let weights = select(vec4f(0.0), exp(score - largest), live);
      let fade = exp(most[j] - largest);
      totals[j] = totals[j] * fade + dot(weights, vec4f(1.0));
      most[j] = largest;
      fades[j] = fade;
      scores[j] = weights;
    }
    let v = vec4u(
      value_row(page, kv_head, token), value_row(page, kv_head, token + 1u),
      value_row(page, kv_head, token + 2u), value_row(page, kv_head, token + 3u),
    );
    // A dead token's row may hold anything, even NaN, so it is not multiplied by zero but replaced.
    let there = (keys >= vec4u(start)) & (keys < vec4u(end));
    for (var i = 0u; i < VALUE_QUADS; i++) {
      let v0 = select(vec4f(0.0), value_load4(v.x, i), there.x);
      let v1 = select(vec4f(0.0), value_load4(v.y, i), there.y);
      let v2 = select(vec4f(0.0), value_load4(v.z, i), there.z);
      let v3 = select(vec4f(0.0), value_load4(v.w, i), there.w);
      for (var j = 0u; j < count; j++) {
        let weights = scores[j];
        let at = j * VALUE_QUADS + i;
        sums[at] = sums[at] * fades[j] + weights.x * v0 + weights.y * v1 + weights.z * v2 + weights.w * v3;
      }
    }
  }
  for (var j = 0u; j < count; j++) {
    let query = first_query + j;
    let head = kv_head * GROUP + query % GROUP;
    let record = ((first_row + query / GROUP) * u32(HEADS) + head) * params.splits + split;
    let inverse = select(1.0, inverse_total(most[j], totals[j], head), params.splits == 1u);
    for (var i = 0u; i < VALUE_QUADS; i++) {
      y[record * VALUE_QUADS + i] = sums[j * VALUE_QUADS + i] * inverse;
    }
    stats[record] = vec2f(most[j], totals[j]);
  }
}
