// A scale and zero point for each group.
import package::group::Group;
import package::integer_group::byte_group;

fn load_group(q_row: u32, s_row: u32, g: u32) -> Group {
  return byte_group(q_row + 2u * g, s_row + g);
}
