// Causal attention with a thread for four queries of one KV head, rows and grouped heads packed together so that keys
// and values are read and decoded once for all of them: online softmax (arXiv 1805.02867), a page at a time, no barrier.
// The form for software adapters, where an array that is indexed by a variable costs more than arithmetic: scores are
// summed in variables, and the weights of a page are kept, so that a value's sums are in variables, too, and meet memory
// once a page.
import package::attention_io::{q, step, page_table, y, stats, params, first_key, split_start, adjusted, inverse_total, LOWEST};
import package::kv::kv_load4;
import package::kv_page::{key_row, value_row, value_load4, PAGE};
import package::kv_bindings::kv;
import constants::{HEADS, KV_HEADS, KEY_DIM, VALUE_DIM};

const GROUP = u32(HEADS / KV_HEADS);
const KEY_QUADS = u32(KEY_DIM) / 4u;
const VALUE_QUADS = u32(VALUE_DIM) / 4u;
// Queries of a thread, each a component of a vector.
const N = 4u;

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
  // Where there are fewer, the last one is computed several times and written once.
  let queries = first_query + min(vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u));
  let rows = first_row + queries / GROUP;
  let heads = kv_head * GROUP + queries % GROUP;
  let begins = (rows * u32(HEADS) + heads) * KEY_QUADS;
  let records = ((rows * u32(HEADS) + heads) * params.splits + split) * VALUE_QUADS;
  let positions = vec4u(
    step.rows[rows.x].position, step.rows[rows.y].position, step.rows[rows.z].position, step.rows[rows.w].position,
  );
  // Words from a key to the next.
  let stride = key_row(0u, 0u, 1u);
  let table = step.rows[first_row].slot * params.slot_pages;
  // Position grows with the row: the first row sees furthest back, the last one ahead.
  let split_first = split_start(first_key(positions.x), split);
  let start = max(first_key(positions.x), split_first);
  let end = min(positions.w + 1u, split_first + params.split_keys);
  let firsts = max(vec4u(start), vec4u(
    first_key(positions.x), first_key(positions.y), first_key(positions.z), first_key(positions.w),
  ));
  let ends = min(vec4u(end), positions + 1u);

  // Of the page's keys: scores, and then weights.
  var scores: array<vec4f, PAGE>;
  var most = vec4f(LOWEST);
  var totals = vec4f();
  // By hand where they begin anew: a variable declared in a loop would not be zeroed again in SwiftShader's later rounds.
  var s0: vec4f;
  var s1: vec4f;
  var s2: vec4f;
  var s3: vec4f;
  for (var base = start & ~(PAGE - 1u); base < end; base += PAGE) {
    let page = page_table[table + base / PAGE];
    let begin = max(start, base) - base;
    let to = min(end - base, PAGE);
    var largest = most;
    // Four keys never straddle a page.
    for (var token = begin & ~3u; token < to; token += 4u) {
      let row = key_row(page, kv_head, token);
      s0 = vec4f();
      s1 = vec4f();
      s2 = vec4f();
      s3 = vec4f();
      for (var i = 0u; i < KEY_QUADS; i++) {
        let part = transpose(mat4x4f(q[begins.x + i], q[begins.y + i], q[begins.z + i], q[begins.w + i]));
        s0 += part * kv_load4(row, i, u32(KEY_DIM));
        s1 += part * kv_load4(row + stride, i, u32(KEY_DIM));
        s2 += part * kv_load4(row + 2u * stride, i, u32(KEY_DIM));
        s3 += part * kv_load4(row + 3u * stride, i, u32(KEY_DIM));
      }
      let key = base + token;
      s0 = seen(s0, key, heads, positions, firsts, ends);
      s1 = seen(s1, key + 1u, heads, positions, firsts, ends);
      s2 = seen(s2, key + 2u, heads, positions, firsts, ends);
      s3 = seen(s3, key + 3u, heads, positions, firsts, ends);
      scores[token] = s0;
      scores[token + 1u] = s1;
      scores[token + 2u] = s2;
      scores[token + 3u] = s3;
      largest = max(max(largest, max(s0, s1)), max(s2, s3));
    }
    let fade = exp(most - largest);
    most = largest;
    totals *= fade;
    for (var token = begin; token < to; token++) {
      // Scores that no query of the thread has seen are as low as the largest may be.
      let weight = select(vec4f(0.0), exp(scores[token] - most), scores[token] > vec4f(LOWEST));
      scores[token] = weight;
      totals += weight;
    }
    // What lies beyond the live tokens may be anything, even NaN, so it is not multiplied by zero but left out.
    for (var i = 0u; i < VALUE_QUADS; i++) {
      s0 = vec4f();
      s1 = vec4f();
      s2 = vec4f();
      s3 = vec4f();
      for (var token = begin; token < to; token++) {
        let v = value_load4(value_row(page, kv_head, token), i);
        let weight = scores[token];
        s0 += weight.x * v;
        s1 += weight.y * v;
        s2 += weight.z * v;
        s3 += weight.w * v;
      }
      if (base > start) {
        s0 += y[records.x + i] * fade.x;
        s1 += y[records.y + i] * fade.y;
        s2 += y[records.z + i] * fade.z;
        s3 += y[records.w + i] * fade.w;
      }
      y[records.x + i] = s0;
      if (count > 1u) {
        y[records.y + i] = s1;
      }
      if (count > 2u) {
        y[records.z + i] = s2;
      }
      if (count > 3u) {
        y[records.w + i] = s3;
      }
    }
  }
  // Sums of a split that sees nothing count for nothing, but they are read.
  let nothing = start >= end;
  for (var j = 0u; j < count; j++) {
    if (nothing || params.splits == 1u) {
      let factor = inverse_total(most[j], totals[j], heads[j]);
      for (var i = 0u; i < VALUE_QUADS; i++) {
        let at = records[j] + i;
        y[at] = select(y[at] * factor, vec4f(), nothing);
      }
    }
    stats[records[j] / VALUE_QUADS] = vec2f(most[j], totals[j]);
  }
}

// A key's scores as the softmax takes them; LOWEST for the queries that do not see it.
fn seen(raw: vec4f, key: u32, heads: vec4u, positions: vec4u, firsts: vec4u, ends: vec4u) -> vec4f {
  let scaled = raw * params.scale;
  let score = vec4f(
    adjusted(scaled.x, heads.x, key, positions.x), adjusted(scaled.y, heads.y, key, positions.y),
    adjusted(scaled.z, heads.z, key, positions.z), adjusted(scaled.w, heads.w, key, positions.w),
  );
  return select(vec4f(LOWEST), score, (vec4u(key) >= firsts) & (vec4u(key) < ends));
}
