// A scale and zero point for each group.
import package::packed::Packed;
import package::integer_group::byte_group;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  return byte_group(q_row + 2u * g, s_row + g);
}
