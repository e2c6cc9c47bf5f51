// w = d * (t - 1). A byte holds five trits as a fraction of 256: trit n is 3 (byte * 3^n mod 256) / 256. Of a
// block, groups 0..4 are trit g of the first 32 bytes; 5, 6 and the first half of 7 are trits 0..4 of the
// next 16, sixteen weights a trit; the last half of 7 is trits 0..3 of the four bytes that lead its scales.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;

fn power_of_three(n: u32) -> u32 {
  return select((0x1b090301u >> (8u * n)) & 0xffu, 81u, n == 4u);
}

// The trit that `power` brings to the top of each byte. Bytes 0, 2 and 1, 3 apart, 16 bits for each product.
fn trits(v: vec4u, power: vec4u) -> vec4u {
  let low = vec4u(0x00ff00ffu);
  let even = ((v & low) * power) & low;
  let odd = (((v >> vec4u(8u)) & low) * power) & low;
  return (((even * 3u) >> vec4u(8u)) & vec4u(0x00030003u)) | ((odd * 3u) & vec4u(0x03000300u));
}

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let j = g & 7u;
  let i = q_row + (g >> 3u) * 3u;
  let s = s_row + (g >> 3u) * 2u;
  let late = j >= 5u;
  let last = j == 7u;
  let n = select(j, 2u * j - 10u, late);
  let v = quants[i + select(0u, 2u, late)];
  let u = select(quants[i + select(1u, 2u, late)], vec4u(scales[s]), last);
  let u_power = select(vec4u(power_of_three(select(n, n + 1u, late))), vec4u(1u, 3u, 9u, 27u), last);
  let a = trits(v, vec4u(power_of_three(n)));
  let b = trits(u, u_power);
  let d = unpack2x16float(scales[s + 1u]).x;
  return Packed(a, b, vec2f(d), vec2f(-d));
}
