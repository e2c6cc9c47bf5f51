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
}

@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read> page_table: array<u32>;
// Splits = 1: the result [rows, HEADS * VALUE_DIM]; else unnormalised sums [rows, HEADS, splits, VALUE_DIM].
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
// Largest score and sum of weights of each split: [rows, HEADS, splits].
@group(0) @binding(5) var<storage, read_write> stats: array<vec2f>;
@group(0) @binding(6) var<uniform> params: Params;

// Stands for minus infinity: finite, because drivers may assume that infinities do not occur.
const LOWEST = -1e30;
