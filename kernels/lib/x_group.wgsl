// 32 consecutive values of a row of x, ready to be multiplied by a group of weights.
import package::bytes::UNIT;
import package::group::Group;
@if(quads) enable subgroups;

@group(0) @binding(2) var<storage, read> x: array<vec4f>;
// Weights of a norm that is folded into the matmul.
@if(fold) @group(0) @binding(6) var<storage, read> gamma: array<vec4f>;

struct X {
  // Times UNIT.
  v: array<vec4f, 8>,
  // Sums of the two halves, for the shift of the weights.
  sum: vec2f,
  // Of the values before gamma.
  @if(fold) squares: f32,
}

@if(tail) fn x_at(i: u32, end: u32) -> vec4f {
  return select(vec4f(0.0), x[i], vec4<bool>(i < end));
}

@if(!tail) fn x_at(i: u32, end: u32) -> vec4f {
  return x[i];
}

// Group g of the row that begins at vec4 `start` and has `quads` of them. `lane` is the subgroup's own number of this
// thread where threads share the loads: then it must be called in uniform flow, and by all lanes for the same row.
@if(!quads) fn load_x(start: u32, quads: u32, g: u32, lane: u32) -> X {
  let i = start + g * 8u;
  let end = start + quads;
  let raw = array(
    x_at(i, end), x_at(i + 1u, end), x_at(i + 2u, end), x_at(i + 3u, end),
    x_at(i + 4u, end), x_at(i + 5u, end), x_at(i + 6u, end), x_at(i + 7u, end),
  );
  @if(!fold) let v = array(
    raw[0] * UNIT, raw[1] * UNIT, raw[2] * UNIT, raw[3] * UNIT,
    raw[4] * UNIT, raw[5] * UNIT, raw[6] * UNIT, raw[7] * UNIT,
  );
  @if(fold) let n = g * 8u;
  @if(fold) let v = array(
    raw[0] * gamma[n] * UNIT, raw[1] * gamma[n + 1u] * UNIT, raw[2] * gamma[n + 2u] * UNIT, raw[3] * gamma[n + 3u] * UNIT,
    raw[4] * gamma[n + 4u] * UNIT, raw[5] * gamma[n + 5u] * UNIT, raw[6] * gamma[n + 6u] * UNIT, raw[7] * gamma[n + 7u] * UNIT,
  );
  // UNIT is of powers of two: exact both ways.
  let one = 1.0 / UNIT;
  let sum = vec2f(dot(v[0] + v[1] + v[2] + v[3], one), dot(v[4] + v[5] + v[6] + v[7], one));
  @if(!fold) return X(v, sum);
  @if(fold) return X(v, sum, squares(raw));
}

@if(fold) fn squares(v: array<vec4f, 8>) -> f32 {
  return dot(v[0], v[0]) + dot(v[1], v[1]) + dot(v[2], v[2]) + dot(v[3], v[3])
    + dot(v[4], v[4]) + dot(v[5], v[5]) + dot(v[6], v[6]) + dot(v[7], v[7]);
}

// Each lane of four loads a quarter, because software adapters perform a load lane by lane and check each.
@if(quads) fn load_x(start: u32, quads: u32, g: u32, lane: u32) -> X {
  let i = start + g * 8u + (lane & 3u) * 2u;
  let end = start + quads;
  @if(!fold) let a = x_at(i, end);
  @if(!fold) let b = x_at(i + 1u, end);
  @if(fold) let first = x_at(i, end);
  @if(fold) let second = x_at(i + 1u, end);
  @if(fold) let a = first * gamma[i - start];
  @if(fold) let b = second * gamma[i - start + 1u];
  let part = dot(a + b, vec4f(1.0));
  let half = part + quadSwapX(part);
  @if(fold) let own = dot(first, first) + dot(second, second);
  @if(fold) let pair = own + quadSwapX(own);
  let p = a * UNIT;
  let q = b * UNIT;
  let v = array(
    quadBroadcast(p, 0u), quadBroadcast(q, 0u), quadBroadcast(p, 1u), quadBroadcast(q, 1u),
    quadBroadcast(p, 2u), quadBroadcast(q, 2u), quadBroadcast(p, 3u), quadBroadcast(q, 3u),
  );
  let sum = vec2f(quadBroadcast(half, 0u), quadBroadcast(half, 2u));
  @if(!fold) return X(v, sum);
  @if(fold) return X(v, sum, pair + quadSwapY(pair));
}

fn dot_group(w: Group, x: X) -> f32 {
  let halves = vec2f(
    dot(w.q[0], x.v[0]) + dot(w.q[1], x.v[1]) + dot(w.q[2], x.v[2]) + dot(w.q[3], x.v[3]),
    dot(w.q[4], x.v[4]) + dot(w.q[5], x.v[5]) + dot(w.q[6], x.v[6]) + dot(w.q[7], x.v[7]),
  );
  return dot(w.scale, halves) + dot(w.shift, x.sum);
}

fn dot_groups(w0: Group, w1: Group, w2: Group, w3: Group, x: X) -> vec4f {
  return vec4f(dot_group(w0, x), dot_group(w1, x), dot_group(w2, x), dot_group(w3, x));
}
