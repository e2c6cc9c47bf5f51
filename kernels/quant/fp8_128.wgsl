// A scale for every four groups.
import package::group::Group;
import package::fp8_group::fp8_group;

fn load_group(q_row: u32, s_row: u32, g: u32) -> Group {
  return fp8_group(q_row + 2u * g, s_row + (g >> 2u));
}
