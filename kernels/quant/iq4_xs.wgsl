// w = d * (sc - 32) * v, v by the nibble. Of a group's four words, word t holds weights 4t.. in its low nibbles
// and 16 + 4t.. in its high ones. The scales of a block are d, then two upper bits and, in the next word, four
// lower bits of each group's sc. The values are computed as floats, as iq4_nl's are.
import package::weight_bindings::{quants, scales};
import package::group::Group;
import package::packed::Packed;
import package::iq4_values::{iq4_values, iq4_bytes};

fn group_scale(s_row: u32, g: u32) -> f32 {
  let j = g & 7u;
  let s = s_row + (g >> 3u) * 2u;
  let head = scales[s];
  let sc = ((scales[s + 1u] >> (4u * j)) & 0xfu) | (((head >> (16u + 2u * j)) & 3u) << 4u);
  return unpack2x16float(head).x * (f32(sc) - 32.0);
}

fn load_group(q_row: u32, s_row: u32, g: u32) -> Group {
  let v = quants[q_row + g];
  let low = v & vec4u(0x0f0f0f0fu);
  let high = (v >> vec4u(4u)) & vec4u(0x0f0f0f0fu);
  return Group(
    array(
      iq4_values(low.x), iq4_values(low.y), iq4_values(low.z), iq4_values(low.w),
      iq4_values(high.x), iq4_values(high.y), iq4_values(high.z), iq4_values(high.w),
    ),
    vec2f(group_scale(s_row, g)),
    vec2f(0.0),
  );
}

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let v = quants[q_row + g];
  let scale = group_scale(s_row, g);
  return Packed(
    iq4_bytes(v & vec4u(0x0f0f0f0fu)),
    iq4_bytes((v >> vec4u(4u)) & vec4u(0x0f0f0f0fu)),
    vec2f(scale),
    vec2f(-128.0 * scale),
  );
}
