import package::weight_bindings::quants;
import package::group::Group;

fn load_group(q_row: u32, s_row: u32, g: u32) -> Group {
  let i = q_row + g * 8u;
  return Group(
    array(
      bitcast<vec4f>(quants[i]), bitcast<vec4f>(quants[i + 1u]),
      bitcast<vec4f>(quants[i + 2u]), bitcast<vec4f>(quants[i + 3u]),
      bitcast<vec4f>(quants[i + 4u]), bitcast<vec4f>(quants[i + 5u]),
      bitcast<vec4f>(quants[i + 6u]), bitcast<vec4f>(quants[i + 7u]),
    ),
    vec2f(1.0),
    vec2f(0.0),
  );
}
