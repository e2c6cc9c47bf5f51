// Scale (x) and minimum (y) of sub-block j (0..7) of a Q4_K or Q5_K block: six bits each in three words,
// w0 scales 0..3, w1 minima 0..3, w2 the rest, whose upper two bits stand in w0 and w1.
fn scale_and_min(w0: u32, w1: u32, w2: u32, j: u32) -> vec2f {
  let late = j >= 4u;
  let s = select(w0 & 0x3f3f3f3fu, (w2 & 0x0f0f0f0fu) | ((w0 >> 2u) & 0x30303030u), late);
  let m = select(w1 & 0x3f3f3f3fu, ((w2 >> 4u) & 0x0f0f0f0fu) | ((w1 >> 2u) & 0x30303030u), late);
  let at = 8u * (j & 3u);
  return vec2f(f32((s >> at) & 0xffu), f32((m >> at) & 0xffu));
}
