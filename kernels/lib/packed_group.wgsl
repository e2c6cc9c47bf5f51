// The floats of a type that gives bytes.
import package::packed_weight::load_packed;
import package::group::Group;
import package::bytes::bytes;

fn load_group(q_row: u32, s_row: u32, g: u32) -> Group {
  let p = load_packed(q_row, s_row, g);
  return Group(
    array(
      bytes(p.low.x), bytes(p.low.y), bytes(p.low.z), bytes(p.low.w),
      bytes(p.high.x), bytes(p.high.y), bytes(p.high.z), bytes(p.high.w),
    ),
    p.scale,
    p.shift,
  );
}
