// f16 number i of a stream of them that begins at word `first` of the scales.
import package::weight_bindings::scales;

fn f16_scale(first: u32, i: u32) -> f32 {
  let pair = unpack2x16float(scales[first + (i >> 1u)]);
  return select(pair.x, pair.y, (i & 1u) == 1u);
}
