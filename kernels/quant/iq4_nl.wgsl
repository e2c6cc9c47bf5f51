// w = d * v, v by the nibble. Word t holds weights 4t.. in its low nibbles and 16 + 4t.. in its high ones. The values
// are computed as floats; making bytes of them first would cost a third more.
import package::weight_bindings::quants;
import package::group::Group;
import package::packed::Packed;
import package::f16_scale::f16_scale;
import package::iq4_values::{iq4_values, iq4_bytes};

fn load_group(q_row: u32, s_row: u32, g: u32) -> Group {
  let v = quants[q_row + g];
  let low = v & vec4u(0x0f0f0f0fu);
  let high = (v >> vec4u(4u)) & vec4u(0x0f0f0f0fu);
  return Group(
    array(
      iq4_values(low.x), iq4_values(low.y), iq4_values(low.z), iq4_values(low.w),
      iq4_values(high.x), iq4_values(high.y), iq4_values(high.z), iq4_values(high.w),
    ),
    vec2f(f16_scale(s_row, g)),
    vec2f(0.0),
  );
}

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let v = quants[q_row + g];
  let d = f16_scale(s_row, g);
  return Packed(
    iq4_bytes(v & vec4u(0x0f0f0f0fu)),
    iq4_bytes((v >> vec4u(4u)) & vec4u(0x0f0f0f0fu)),
    vec2f(d),
    vec2f(-128.0 * d),
  );
}
