// The product of x with the weights of a row's group, of a type that gives floats.
import package::weight::load_group;
import package::x_group::{X, dot_group};

fn group_dot(q_row: u32, s_row: u32, g: u32, x: X) -> f32 {
  return dot_group(load_group(q_row, s_row, g), x);
}
