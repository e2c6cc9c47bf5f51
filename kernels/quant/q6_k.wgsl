// w = d * sc * (q - 32), sc per 16 weights. Of a block's half (128 weights), group n (0..3) takes its low
// four bits from 32 bytes of ql (nibble n / 2 of byte l + 32 * (n % 2)) and its high two from qh, bits 2n.
import package::weight_bindings::{quants, scales};
import package::group::Group;
import package::packed::Packed;
import package::bytes::{bytes, UNIT};

struct Sixes {
  // Of each half of the group: low four bits and, in place, high two.
  low_a: vec4u,
  low_b: vec4u,
  high_a: vec4u,
  high_b: vec4u,
  scale: vec2f,
}

fn load_sixes(q_row: u32, s_row: u32, g: u32) -> Sixes {
  let block = g >> 3u;
  let n = g & 3u;
  let half = (g >> 2u) & 1u;
  let base = q_row + block * 12u;
  let ql = base + half * 4u + (n & 1u) * 2u;
  let qh = base + 8u + half * 2u;
  let low_at = vec4u(4u * (n >> 1u));
  let high_at = vec4u(2u * n);
  let la = (quants[ql] >> low_at) & vec4u(0x0f0f0f0fu);
  let lb = (quants[ql + 1u] >> low_at) & vec4u(0x0f0f0f0fu);
  let ha = ((quants[qh] >> high_at) & vec4u(0x03030303u)) << vec4u(4u);
  let hb = ((quants[qh + 1u] >> high_at) & vec4u(0x03030303u)) << vec4u(4u);
  let s = s_row + block * 5u;
  let d = unpack2x16float(scales[s + 4u]).x;
  let pair = bitcast<i32>(scales[s + half * 2u + (n >> 1u)]) << (16u * (1u - (n & 1u)));
  return Sixes(la, lb, ha, hb, d * vec2f(f32((pair << 8u) >> 24u), f32(pair >> 24u)));
}

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let v = load_sixes(q_row, s_row, g);
  return Packed(v.low_a | v.high_a, v.low_b | v.high_b, v.scale, v.scale * -32.0);
}

const MIDDLE = 32.0 / UNIT;

fn six(low: u32, high: u32) -> vec4f {
  return bytes(low | high) - MIDDLE;
}

// Without a shift, which would be the only use of the sums of x: a twentieth faster.
fn load_group(q_row: u32, s_row: u32, g: u32) -> Group {
  let v = load_sixes(q_row, s_row, g);
  let a = v.low_a;
  let b = v.low_b;
  return Group(
    array(
      six(a.x, v.high_a.x), six(a.y, v.high_a.y), six(a.z, v.high_a.z), six(a.w, v.high_a.w),
      six(b.x, v.high_b.x), six(b.y, v.high_b.y), six(b.z, v.high_b.z), six(b.w, v.high_b.w),
    ),
    v.scale,
    vec2f(0.0),
  );
}
