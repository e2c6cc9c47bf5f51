// w = s * v / 2, v twice an FP4 number, s an FP8 number (E4M3, its sign unused) per 16 weights. Of a sub-block
// of 16 weights, two words hold weights 0..7 in their low nibbles and 8..15 in their high ones.
import package::weight_bindings::{quants, scales};
import package::packed::Packed;
import package::fp4::fp4;

// Half the number, which keeps v whole. The last code is not a number; it counts as zero, as in ggml.
fn half_of_fp8(code: u32) -> f32 {
  let normal = bitcast<f32>(((code & 0x7fu) << 20u) + (119u << 23u));
  let tiny = f32(code & 7u) * 0x1p-10;
  return select(select(normal, tiny, (code & 0x78u) == 0u), 0.0, code == 0x7fu);
}

fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed {
  let v = quants[q_row + g];
  let low = fp4(v & vec4u(0x0f0f0f0fu));
  let high = fp4((v >> vec4u(4u)) & vec4u(0x0f0f0f0fu));
  let two = scales[s_row + (g >> 1u)] >> (16u * (g & 1u));
  let scale = vec2f(half_of_fp8(two & 0xffu), half_of_fp8((two >> 8u) & 0xffu));
  return Packed(vec4u(low.xy, high.xy), vec4u(low.zw, high.zw), scale, scale * -16.0);
}
