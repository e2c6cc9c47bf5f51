import package::weight_bindings::quants;
import package::group::Group;

fn pair(a: u32, b: u32) -> vec4f {
  return vec4f(unpack2x16float(a), unpack2x16float(b));
}

fn load_group(q_row: u32, s_row: u32, g: u32) -> Group {
  let i = q_row + g * 4u;
  let a = quants[i];
  let b = quants[i + 1u];
  let c = quants[i + 2u];
  let d = quants[i + 3u];
  return Group(
    array(
      pair(a.x, a.y), pair(a.z, a.w), pair(b.x, b.y), pair(b.z, b.w),
      pair(c.x, c.y), pair(c.z, c.w), pair(d.x, d.y), pair(d.z, d.w),
    ),
    vec2f(1.0),
    vec2f(0.0),
  );
}
