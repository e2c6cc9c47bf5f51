// A scale and zero point for every four groups.
import package::packed::Packed;
import package::integer_group::nibble_group;

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  return nibble_group(q_row + g, s_row + (g >> 2u));
}
