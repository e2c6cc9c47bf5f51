// What both forms of attention share: bindings, parameters, and where a split's result goes.
import package::step::Step;

struct Params {
  // Pages a slot has in the page table.
  slot_pages: u32,
  // Rows that belong to one sequence: 1 in decode, all of them in prefill.
  sequence_rows: u32,
  rows: u32,
  splits: u32,
  // Keys a split covers, a multiple of the page.
  split_keys: u32,
  scale: f32,
  // A row sees this many keys up to its own (window), or those of its own chunk of so many positions.
  reach: u32,
  // Scores are softly capped at it.
  cap: f32,
}

@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read> page_table: array<u32>;
// Splits = 1: the result [rows, HEADS * VALUE_DIM]; else unnormalised sums [rows, HEADS, splits, VALUE_DIM].
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
// Largest score and sum of weights of each split: [rows, HEADS, splits].
@group(0) @binding(5) var<storage, read_write> stats: array<vec2f>;
// For each head: the score of its sink, or the slope of its bias.
@group(0) @binding(6) var<storage, read> heads: array<f32>;
@group(0) @binding(7) var<uniform> params: Params;

// Stands for minus infinity: finite, because drivers may assume that infinities do not occur.
const LOWEST = -1e30;

// The first key that a row at `position` sees.
fn first_key(position: u32) -> u32 {
  @if(window) { return position + 1u - min(position + 1u, params.reach); }
  @if(chunk) { return position - position % params.reach; }
  @if(!window && !chunk) { return 0u; }
}

// The first key of a split, for a row that sees from `first` on. With a sequence to each row, splits divide what the
// row sees, beginning at a page; else all keys.
fn split_start(first: u32, split: u32) -> u32 {
  var start = split * params.split_keys;
  @if(from_reach) { start += first - first % 32u; }
  return start;
}

// A raw score as the softmax takes it.
fn adjusted(score: f32, head: u32, key: u32, position: u32) -> f32 {
  var s = score;
  // tanh of a large argument is NaN on some drivers.
  @if(softcap) { s = params.cap * tanh(clamp(s / params.cap, -15.0, 15.0)); }
  // ALiBi (arXiv 2108.12409).
  @if(alibi) { s += heads[head] * (f32(key) - f32(position)); }
  return s;
}

// 1 / the sum of a row's weights, a sink's among them: a logit without a value (arXiv 2309.17453).
fn inverse_total(most: f32, total: f32, head: u32) -> f32 {
  @if(sinks) { return 1.0 / (total + exp(min(heads[head] - most, 80.0))); }
  @if(!sinks) { return 1.0 / total; }
}
