// Causal attention with four threads of a quad for four queries of one KV head, rows and grouped heads packed together.
// Each thread has a quarter of every key and value, decoded once for all four queries, and keeps the softmax of one query
// (online, arXiv 1805.02867, a few pages at a time). The form for software adapters with subgroups, where a load costs more
// than arithmetic and threads exchange what they have for almost nothing: queries and sums stay in variables.
import package::attention_io::{q, step, page_table, y, stats, params, first_key, split_start, adjusted, inverse_total, LOWEST};
import package::kv::kv_load4;
import package::kv_page::{key_row, value_row, value_load4, PAGE};
import package::kv_bindings::kv;
import constants::{HEADS, KV_HEADS, KEY_DIM, VALUE_DIM};
enable subgroups;
diagnostic(off, subgroup_uniformity);

const GROUP = u32(HEADS / KV_HEADS);
const KEY_QUADS = u32(KEY_DIM) / 4u;
const VALUE_QUADS = u32(VALUE_DIM) / 4u;
// Vec4s of a key or value that the quad has at one time: thread i those at i + OWN of each block.
const BLOCK = 16u;
const OWN = vec4u(0u, 4u, 8u, 12u);
// Keys between which sums are left in y.
const CHUNK = 4u * PAGE;

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(subgroup_invocation_id) invocation: u32) {
  let lane = invocation & 3u;
  let kv_head = id.y;
  let first_row = id.z * params.sequence_rows;
  let end_row = min(first_row + params.sequence_rows, step.live);
  // Quads that the sequence's queries take, for each split.
  let blocks = (params.sequence_rows * GROUP + 3u) / 4u;
  let split = id.x / blocks;
  let first_query = id.x % blocks * 4u;
  if (split >= params.splits || first_row + first_query / GROUP >= end_row) {
    return;
  }
  let count = min(4u, (end_row - first_row) * GROUP - first_query);
  // Where there are fewer, the last one is computed several times and written once.
  let queries = first_query + min(vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u));
  let rows = first_row + queries / GROUP;
  let heads = kv_head * GROUP + queries % GROUP;
  let begins = (rows * u32(HEADS) + heads) * KEY_QUADS;
  let records = ((rows * u32(HEADS) + heads) * params.splits + split) * VALUE_QUADS;
  // This thread's own query.
  let head = heads[lane];
  let position = step.rows[rows[lane]].position;
  let stride = key_row(0u, 0u, 1u);
  let value_stride = value_row(0u, 0u, 1u) - value_row(0u, 0u, 0u);
  let table = step.rows[first_row].slot * params.slot_pages;
  // Position grows with the row: the first row sees furthest back, the last one ahead.
  let earliest = first_key(step.rows[rows.x].position);
  let split_first = split_start(earliest, split);
  let start = max(earliest, split_first);
  let end = min(step.rows[rows.w].position + 1u, split_first + params.split_keys);
  let own_start = max(start, first_key(position));
  let own_end = min(end, position + 1u);

  // Of the chunk's keys: scores, and then weights.
  var scores: array<f32, CHUNK>;
  var most = LOWEST;
  var total = 0.0;
  // By hand where they begin anew: a variable declared in a loop would not be zeroed again in SwiftShader's later rounds.
  var v0: mat4x4f;
  var v1: mat4x4f;
  var v2: mat4x4f;
  var v3: mat4x4f;
  for (var base = start & ~(PAGE - 1u); base < end; base += CHUNK) {
    let begin = max(start, base);
    let to = min(end, base + CHUNK);
    var largest = most;
    for (var block = 0u; block < KEY_QUADS; block += BLOCK) {
      let own = block + lane + OWN;
      // Beyond the end the last one counts again, times zero.
      let at = min(own, vec4u(KEY_QUADS - 1u));
      let here = select(vec4f(), vec4f(1.0), own < vec4u(KEY_QUADS));
      let q0 = query_part(begins, at.x) * here.x;
      let q1 = query_part(begins, at.y) * here.y;
      let q2 = query_part(begins, at.z) * here.z;
      let q3 = query_part(begins, at.w) * here.w;
      for (var first = begin; first < to; first = (first | (PAGE - 1u)) + 1u) {
        var row = key_row(page_table[table + first / PAGE], kv_head, first % PAGE);
        let last = min(first | (PAGE - 1u), to - 1u);
        for (var key = first; key <= last; key++) {
          let part = q0 * kv_load4(row, at.x, u32(KEY_DIM)) + q1 * kv_load4(row, at.y, u32(KEY_DIM))
            + q2 * kv_load4(row, at.z, u32(KEY_DIM)) + q3 * kv_load4(row, at.w, u32(KEY_DIM));
          row += stride;
          var score = own_sum(part, lane);
          if (block > 0u) {
            score += scores[key - base];
          }
          if (block + BLOCK >= KEY_QUADS) {
            score = select(LOWEST, adjusted(score * params.scale, head, key, position), key >= own_start && key < own_end);
            largest = max(largest, score);
          }
          scores[key - base] = score;
        }
      }
    }
    let fade = exp(most - largest);
    most = largest;
    total *= fade;
    for (var i = begin - base; i < to - base; i++) {
      // A score that the query has not seen is as low as the largest may be.
      let weight = select(0.0, exp(scores[i] - most), scores[i] > LOWEST);
      scores[i] = weight;
      total += weight;
    }
    let fades = each(fade);
    // What lies beyond the live tokens may be anything, even NaN, so it is not multiplied by zero but left out.
    for (var block = 0u; block < VALUE_QUADS; block += BLOCK) {
      let own = block + lane + OWN;
      let at = min(own, vec4u(VALUE_QUADS - 1u));
      v0 = mat4x4f();
      v1 = mat4x4f();
      v2 = mat4x4f();
      v3 = mat4x4f();
      for (var first = begin; first < to; first = (first | (PAGE - 1u)) + 1u) {
        var row = value_row(page_table[table + first / PAGE], kv_head, first % PAGE);
        let last = min(first | (PAGE - 1u), to - 1u);
        for (var key = first; key <= last; key++) {
          let weights = each(scores[key - base]);
          v0 += outer(value_load4(row, at.x), weights);
          v1 += outer(value_load4(row, at.y), weights);
          v2 += outer(value_load4(row, at.z), weights);
          v3 += outer(value_load4(row, at.w), weights);
          row += value_stride;
        }
      }
      let opening = base <= start;
      add_sums(v0, own.x, records, count, fades, opening);
      add_sums(v1, own.y, records, count, fades, opening);
      add_sums(v2, own.z, records, count, fades, opening);
      add_sums(v3, own.w, records, count, fades, opening);
    }
  }
  // Sums of a split that sees nothing count for nothing, but they are read.
  let nothing = start >= end;
  if (nothing || params.splits == 1u) {
    let factors = each(inverse_total(most, total, head));
    for (var j = 0u; j < count; j++) {
      for (var i = lane; i < VALUE_QUADS; i += 4u) {
        let at = records[j] + i;
        y[at] = select(y[at] * factors[j], vec4f(), nothing);
      }
    }
  }
  if (lane < count) {
    stats[records[lane] / VALUE_QUADS] = vec2f(most, total);
  }
}

// Column i has component i of the four queries.
fn query_part(begins: vec4u, quad: u32) -> mat4x4f {
  return transpose(mat4x4f(q[begins.x + quad], q[begins.y + quad], q[begins.z + quad], q[begins.w + quad]));
}

// Component `lane` summed over the quad.
fn own_sum(part: vec4f, lane: u32) -> f32 {
  let odd = (lane & 1u) == 1u;
  let pair = select(part.xz, part.yw, odd) + quadSwapX(select(part.yw, part.xz, odd));
  let high = lane > 1u;
  return select(pair.x, pair.y, high) + quadSwapY(select(pair.y, pair.x, high));
}

// What each thread of the quad has.
fn each(own: f32) -> vec4f {
  return vec4f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

// Column j has the value times weight j.
fn outer(value: vec4f, weights: vec4f) -> mat4x4f {
  return mat4x4f(value * weights.x, value * weights.y, value * weights.z, value * weights.w);
}

// Onto what earlier chunks left.
fn add_sums(sums: mat4x4f, quad: u32, records: vec4u, count: u32, fades: vec4f, opening: bool) {
  if (quad >= VALUE_QUADS) {
    return;
  }
  for (var j = 0u; j < count; j++) {
    let at = records[j] + quad;
    y[at] = select(y[at] * fades[j], vec4f(), opening) + sums[j];
  }
}
