// The products of x with group g of four rows of weights.
import package::group_dot::group_dot;
import package::x_group::X;

fn four_dots(q: vec4u, s: vec4u, g: u32, x: X) -> vec4f {
  return vec4f(group_dot(q.x, s.x, g, x), group_dot(q.y, s.y, g, x), group_dot(q.z, s.z, g, x), group_dot(q.w, s.w, g, x));
}
