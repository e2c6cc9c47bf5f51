// The end of a step: each live row takes its chosen id as its next token, and a record for the host is
// written. One lane a row.
import package::step::Step;

struct Params {
  rows: u32,
  columns: u32,
  // Entries of the top list.
  k: u32,
  unused: u32,
}

@group(0) @binding(0) var<storage, read> chosen: array<u32>;
@group(0) @binding(1) var<storage, read_write> step: Step;
@group(0) @binding(2) var<storage, read_write> records: array<u32>;
// The rest is read only where logprobs are asked for. norms: see token-logprob.
@group(0) @binding(3) var<storage, read> logprobs: array<f32>;
@group(0) @binding(4) var<storage, read> norms: array<vec2f>;
@group(0) @binding(5) var<storage, read> top_ids: array<u32>;
@group(0) @binding(6) var<storage, read> top_values: array<f32>;
@if(counted) @group(0) @binding(7) var<storage, read_write> counts: array<u32>;
@if(counted) @group(0) @binding(8) var<uniform> params: Params;
@if(!counted) @group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global: vec3u) {
  let row = global.x;
  if (row >= min(params.rows, step.live)) {
    return;
  }
  let id = chosen[row];
  step.rows[row].token = id;
  step.rows[row].position += 1u;
  @if(counted) if (id < params.columns) {
    counts[step.rows[row].slot * params.columns + id] += 1u;
  }
  @if(!logprobs) {
    records[row] = id;
  }
  @if(logprobs) {
    let record = row * (2u + 2u * params.k);
    records[record] = id;
    records[record + 1u] = bitcast<u32>(logprobs[row]);
    let norm = norms[row];
    for (var i = 0u; i < params.k; i++) {
      records[record + 2u + 2u * i] = top_ids[row * params.k + i];
      let logprob = (top_values[row * params.k + i] - norm.x) - norm.y;
      records[record + 3u + 2u * i] = bitcast<u32>(logprob);
    }
  }
}
