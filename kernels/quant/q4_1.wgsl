// w = d * q + m. Word t holds weights 4t.. in its low nibbles and 16 + 4t.. in its high ones.
import package::weight_bindings::{quants, scales};
import package::group::Group;
import package::bytes::{bytes, BYTE};

fn load_group(q_row: u32, s_row: u32, g: u32) -> Group {
  let v = quants[q_row + g];
  let low = v & vec4u(0x0f0f0f0fu);
  let high = (v >> vec4u(4u)) & vec4u(0x0f0f0f0fu);
  let dm = unpack2x16float(scales[s_row + g]);
  return Group(
    array(
      bytes(low.x), bytes(low.y), bytes(low.z), bytes(low.w),
      bytes(high.x), bytes(high.y), bytes(high.z), bytes(high.w),
    ),
    vec2f(dm.x * BYTE),
    vec2f(dm.y),
  );
}
