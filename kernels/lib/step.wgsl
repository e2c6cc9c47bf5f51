// The rows of x that a step computes, and the live ones among them. Decode advances them on the GPU.
struct Row {
  token: u32,
  position: u32,
  // Sequence slot: which page table and sampler the row belongs to.
  slot: u32,
  unused: u32,
}

struct Step {
  // Rows beyond it are padding: nothing needs their values.
  live: u32,
  unused_a: u32,
  unused_b: u32,
  unused_c: u32,
  rows: array<Row>,
}
