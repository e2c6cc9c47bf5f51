// A group of FP8 numbers (E4M3) with an f32 scale. Layout: dtypes, fp8-type.ts.
import package::weight_bindings::{quants, scales};
import package::group::Group;

// The code of all ones is no number; it counts as zero.
fn fp8(word: u32) -> vec4f {
  let code = vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(0xffu);
  let magnitude = code & vec4u(0x7fu);
  let normal = bitcast<vec4f>((magnitude << vec4u(20u)) + vec4u(120u << 23u));
  let tiny = vec4f(magnitude) * 0x1p-9;
  var v = select(normal, tiny, magnitude < vec4u(8u));
  v = select(v, vec4f(0.0), magnitude == vec4u(0x7fu));
  return select(v, -v, code > vec4u(127u));
}

fn fp8_group(i: u32, s: u32) -> Group {
  let a = quants[i];
  let b = quants[i + 1u];
  return Group(
    array(fp8(a.x), fp8(a.y), fp8(a.z), fp8(a.w), fp8(b.x), fp8(b.y), fp8(b.z), fp8(b.w)),
    vec2f(bitcast<f32>(scales[s])),
    vec2f(0.0),
  );
}
