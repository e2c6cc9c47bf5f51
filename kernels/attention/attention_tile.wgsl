// Causal attention for real GPUs (FlashAttention, arXiv 2205.14135): a workgroup of 64 owns 16 queries of one
// KV head, rows and grouped heads packed together so that keys and values are read once for all of
// them, and walks its split's keys a page at a time.
import package::attention_io::{q, step, page_table, y, stats, params, first_key, split_start, adjusted, inverse_total, LOWEST};
import package::kv::kv_load4;
import package::kv_page::{key_row, value_row, value_load4, PAGE};
import package::kv_bindings::kv;
import constants::{HEADS, KV_HEADS, KEY_DIM, VALUE_DIM, QUERIES};

const GROUP = u32(HEADS / KV_HEADS);
const KEY_QUADS = u32(KEY_DIM) / 4u;
const VALUE_QUADS = u32(VALUE_DIM) / 4u;
const N = u32(QUERIES);
// Queries that a lane scores against its key, and lanes that share a query's values.
const HALF = N / 2u;
const LANES = 64u / N;
const OWN_QUADS = (VALUE_QUADS + LANES - 1u) / LANES;

var<workgroup> queries: array<array<vec4f, KEY_QUADS>, N>;
var<workgroup> scores: array<array<f32, 32>, N>;
// Each query's position; NOBODY where there is no query.
var<workgroup> positions: array<u32, N>;
const NOBODY = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let kv_head = group.y;
  let sequence = group.z / params.splits;
  let split = group.z % params.splits;
  let first_row = sequence * params.sequence_rows;
  let last_row = min(first_row + params.sequence_rows, step.live) - 1u;
  let first_query = group.x * N;
  if (first_row + first_query / GROUP >= step.live) {
    return;
  }
  // Position grows with the row, so the tile's last row sees furthest.
  let top = min(first_row + (first_query + N - 1u) / GROUP, last_row);
  // The tile's first row sees furthest back.
  let bottom = step.rows[first_row + first_query / GROUP].position;
  let split_first = split_start(first_key(bottom), split);
  let start = max(first_key(bottom), split_first);
  let end = min(step.rows[top].position + 1u, split_first + params.split_keys);
  let table = step.rows[first_row].slot * params.slot_pages;

  for (var i = lane; i < N * KEY_QUADS; i += 64u) {
    let query = first_query + i / KEY_QUADS;
    let row = min(first_row + query / GROUP, last_row);
    let head = kv_head * GROUP + query % GROUP;
    queries[i / KEY_QUADS][i % KEY_QUADS] = q[(row * u32(HEADS) + head) * KEY_QUADS + i % KEY_QUADS] * params.scale;
  }
  if (lane < N) {
    let row = first_row + (first_query + lane) / GROUP;
    positions[lane] = select(NOBODY, step.rows[min(row, last_row)].position, row <= last_row);
  }
  workgroupBarrier();

  let mine = lane / LANES;
  let own = (lane % LANES) * OWN_QUADS;
  var sum: array<vec4f, OWN_QUADS>;
  var most = LOWEST;
  var total = 0.0;
  var dots: array<f32, HALF>;
  let token = lane & 31u;
  let base = (lane >> 5u) * HALF;
  for (var first = start - start % PAGE; first < end; first += PAGE) {
    let page = page_table[table + first / PAGE];
    // By hand: a variable declared here would not be zeroed again in SwiftShader's later rounds.
    for (var j = 0u; j < HALF; j++) {
      dots[j] = 0.0;
    }
    if (first + token >= start && first + token < end) {
      let k = key_row(page, kv_head, token);
      for (var i = 0u; i < KEY_QUADS; i++) {
        let part = kv_load4(k, i, u32(KEY_DIM));
        for (var j = 0u; j < HALF; j++) {
          dots[j] += dot(queries[base + j][i], part);
        }
      }
    }
    for (var j = 0u; j < HALF; j++) {
      let at = positions[base + j];
      let key = first + token;
      let seen = at != NOBODY && key <= at && key >= max(first_key(at), start) && key < end;
      let head = kv_head * GROUP + (first_query + base + j) % GROUP;
      scores[base + j][token] = select(LOWEST, adjusted(dots[j], head, key, at), seen);
    }
    workgroupBarrier();
    var largest = most;
    for (var t = 0u; t < PAGE; t++) {
      largest = max(largest, scores[mine][t]);
    }
    workgroupBarrier();
    for (var t = lane % LANES; t < PAGE; t += LANES) {
      let score = scores[mine][t];
      scores[mine][t] = select(0.0, exp(score - largest), score > LOWEST);
    }
    workgroupBarrier();
    let fade = exp(most - largest);
    most = largest;
    total *= fade;
    for (var i = 0u; i < OWN_QUADS; i++) {
      sum[i] *= fade;
    }
    let count = min(PAGE, end - first);
    for (var t = max(start, first) - first; t < count; t++) {
      let weight = scores[mine][t];
      total += weight;
      let v = value_row(page, kv_head, t);
      for (var i = 0u; i < OWN_QUADS; i++) {
        sum[i] += weight * value_load4(v, min(own + i, VALUE_QUADS - 1u));
      }
    }
    workgroupBarrier();
  }
  let query = first_query + mine;
  let row = first_row + query / GROUP;
  if (row > last_row) {
    return;
  }
  let head = kv_head * GROUP + query % GROUP;
  let record = (row * u32(HEADS) + head) * params.splits + split;
  let inverse = select(1.0, inverse_total(most, total, head), params.splits == 1u);
  for (var i = 0u; i < OWN_QUADS; i++) {
    if (own + i < VALUE_QUADS) {
      y[record * VALUE_QUADS + own + i] = sum[i] * inverse;
    }
  }
  if (lane % LANES == 0u) {
    stats[record] = vec2f(most, total);
  }
}
