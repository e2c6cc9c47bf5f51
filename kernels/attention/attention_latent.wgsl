// Causal attention over latent rows (DeepSeek-V2, arXiv 2405.04434, absorbed form) for real GPUs: one key row
// for all heads, its first values the value. A workgroup of 128 owns 16 queries, rows and heads packed together,
// and walks its split's keys a page at a time. Keys of up to 576 values do not fit workgroup memory with their
// queries, so scores are summed over pieces of 64 values; a lane then owns one vec4 of all 16 results.
import package::attention_io::{q, step, page_table, y, stats, params, LOWEST};
import package::kv::kv_load4;
import package::kv_page::{key_row, value_row, value_load4, PAGE};
import package::kv_bindings::kv;
import constants::{HEADS, KEY_DIM, VALUE_DIM};

const GROUP = u32(HEADS);
const KEY_QUADS = u32(KEY_DIM) / 4u;
const VALUE_QUADS = u32(VALUE_DIM) / 4u;
const N = 16u;
const LANES = 128u;
// vec4s of a piece.
const PIECE = 16u;

// By vec4, then query or token: neighbouring lanes read neighbours.
var<workgroup> queries: array<array<vec4f, N>, PIECE>;
var<workgroup> keys: array<array<vec4f, PAGE>, PIECE>;
// By token. Not vec4s: lanes write single values, and a write to a component may touch its neighbours.
var<workgroup> weights: array<array<f32, N>, PAGE>;
var<workgroup> fades: array<f32, N>;
var<workgroup> totals: array<f32, N>;
// Each query's position; NOBODY where there is no query.
var<workgroup> positions: array<u32, N>;
const NOBODY = 0xffffffffu;

fn query_row(first_row: u32, query: u32) -> u32 {
  return first_row + query / GROUP;
}

// Query i of the tile: its sum's vec4 `quad` goes out.
fn store(first_row: u32, last_row: u32, first_query: u32, i: u32, split: u32, quad: u32, sum: vec4f) {
  let query = first_query + i;
  let row = query_row(first_row, query);
  if (row <= last_row) {
    let record = (row * GROUP + query % GROUP) * params.splits + split;
    y[record * VALUE_QUADS + quad] = sum * select(1.0, 1.0 / totals[i], params.splits == 1u);
  }
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let sequence = group.z / params.splits;
  let split = group.z % params.splits;
  let first_row = sequence * params.sequence_rows;
  let last_row = min(first_row + params.sequence_rows, step.live) - 1u;
  let first_query = group.x * N;
  if (query_row(first_row, first_query) >= step.live) {
    return;
  }
  // Position grows with the row, so the tile's last row sees furthest.
  let top = min(query_row(first_row, first_query + N - 1u), last_row);
  let end = min(step.rows[top].position + 1u, (split + 1u) * params.split_keys);
  let table = step.rows[first_row].slot * params.slot_pages;
  if (lane < N) {
    let row = query_row(first_row, first_query + lane);
    positions[lane] = select(NOBODY, step.rows[min(row, last_row)].position, row <= last_row);
  }

  // The query whose softmax this lane helps with, and the token and four queries that it scores.
  let mine = lane / 8u;
  let token = lane & 31u;
  let four = lane >> 5u;
  var most = LOWEST;
  var total = 0.0;
  var a0 = array<vec4f, 4>();
  var a1 = array<vec4f, 4>();
  var a2 = array<vec4f, 4>();
  var a3 = array<vec4f, 4>();
  let quad = min(lane, VALUE_QUADS - 1u);
  for (var first = split * params.split_keys; first < end; first += PAGE) {
    let page = page_table[table + first / PAGE];
    let count = min(PAGE, end - first);
    var dots = vec4f(0.0);
    for (var piece = 0u; piece < KEY_QUADS; piece += PIECE) {
      for (var i = lane; i < N * PIECE; i += LANES) {
        let at = piece + i % PIECE;
        let query = first_query + i / PIECE;
        let row = min(query_row(first_row, query), last_row);
        let from_row = (row * GROUP + query % GROUP) * KEY_QUADS;
        queries[i % PIECE][i / PIECE] = select(vec4f(0.0), q[from_row + min(at, KEY_QUADS - 1u)], at < KEY_QUADS);
      }
      for (var i = lane; i < PAGE * PIECE; i += LANES) {
        let at = piece + i % PIECE;
        let t = i / PIECE;
        var part = vec4f(0.0);
        if (at < KEY_QUADS && t < count) {
          part = kv_load4(key_row(page, 0u, t), at, u32(KEY_DIM));
        }
        keys[i % PIECE][t] = part;
      }
      workgroupBarrier();
      for (var i = 0u; i < PIECE; i++) {
        let key = keys[i][token];
        dots += vec4f(
          dot(queries[i][four * 4u], key), dot(queries[i][four * 4u + 1u], key),
          dot(queries[i][four * 4u + 2u], key), dot(queries[i][four * 4u + 3u], key),
        );
      }
      workgroupBarrier();
    }
    let at = vec4u(
      positions[four * 4u], positions[four * 4u + 1u], positions[four * 4u + 2u], positions[four * 4u + 3u],
    );
    let seen = (at != vec4u(NOBODY)) & (vec4u(first + token) <= at) & vec4<bool>(token < count);
    let scores = select(vec4f(LOWEST), dots * params.scale, seen);
    for (var j = 0u; j < 4u; j++) {
      weights[token][four * 4u + j] = scores[j];
    }
    workgroupBarrier();
    var largest = most;
    for (var t = 0u; t < PAGE; t++) {
      largest = max(largest, weights[t][mine]);
    }
    workgroupBarrier();
    for (var t = lane % 8u; t < PAGE; t += 8u) {
      let score = weights[t][mine];
      weights[t][mine] = select(0.0, exp(score - largest), score > LOWEST);
    }
    let fade = exp(most - largest);
    most = largest;
    if (lane % 8u == 0u) {
      fades[mine] = fade;
    }
    workgroupBarrier();
    total *= fade;
    for (var t = 0u; t < PAGE; t++) {
      total += weights[t][mine];
    }
    for (var j = 0u; j < 4u; j++) {
      a0[j] *= fades[j];
      a1[j] *= fades[4u + j];
      a2[j] *= fades[8u + j];
      a3[j] *= fades[12u + j];
    }
    for (var t = 0u; t < count; t++) {
      let v = value_load4(value_row(page, 0u, t), quad);
      for (var j = 0u; j < 4u; j++) {
        a0[j] += weights[t][j] * v;
        a1[j] += weights[t][4u + j] * v;
        a2[j] += weights[t][8u + j] * v;
        a3[j] += weights[t][12u + j] * v;
      }
    }
    workgroupBarrier();
  }
  if (lane % 8u == 0u) {
    totals[mine] = total;
    let row = query_row(first_row, first_query + mine);
    if (row <= last_row) {
      stats[(row * GROUP + (first_query + mine) % GROUP) * params.splits + split] = vec2f(most, total);
    }
  }
  workgroupBarrier();
  if (lane >= VALUE_QUADS) {
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    store(first_row, last_row, first_query, j, split, lane, a0[j]);
    store(first_row, last_row, first_query, 4u + j, split, lane, a1[j]);
    store(first_row, last_row, first_query, 8u + j, split, lane, a2[j]);
    store(first_row, last_row, first_query, 12u + j, split, lane, a3[j]);
  }
}
