// Noise that turns an argmax into a draw: the argmax of z + Gumbel noise falls on a token with its softmax
// probability (Gumbel 1954). The noise depends on seed, position and id alone.

// pcg4d of Jarzynski and Olano, "Hash Functions for GPU Rendering" (JCGT 2020).
fn hash(seed: vec4u) -> u32 {
  var v = seed * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v.w;
}

fn gumbel(seed: vec2u, position: u32, id: u32) -> f32 {
  let u = min((f32(hash(vec4u(id, position, seed))) + 0.5) * 2.3283064e-10, 0.99999994);
  // -ln(1 - u), by its series where 1 - u would lose u: unlikely tokens win by small values.
  let series = u * (1.0 + u * (0.5 + u * (0.33333333 + u * 0.25)));
  let exponential = select(-log(1.0 - u), series, u < 0.015625);
  return -log(exponential);
}
