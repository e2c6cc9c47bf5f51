// How one sequence slot chooses its tokens: SamplingOptions as `samplerWords` packs them.
struct Sampler {
  // 0 or less is greedy.
  temperature: f32,
  // 0 is off.
  top_k: u32,
  // 1 or more is off.
  top_p: f32,
  // 0 or less is off.
  min_p: f32,
  // 1 is off.
  repetition: f32,
  frequency: f32,
  presence: f32,
  seed_low: u32,
  seed_high: u32,
  // Used entries of the slot's bias list.
  bias_count: u32,
  unused_a: u32,
  unused_b: u32,
  unused_c: u32,
  unused_d: u32,
  unused_e: u32,
  unused_f: u32,
}
