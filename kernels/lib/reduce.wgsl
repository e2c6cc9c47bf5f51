// Sums over a workgroup of 64 lanes; the result is right in lane 0. Must be called in uniform flow.
@if(subgroups) enable subgroups;

var<workgroup> partial: array<vec4f, 64>;

@if(subgroups) fn sum_workgroup(value: vec4f, lane: u32, subgroup_lane: u32) -> vec4f {
  let part = subgroupAdd(value);
  // Each subgroup's first lane keeps its part at the lane's own index: which lanes form a subgroup is
  // the driver's business, so slots of other lanes are zero.
  partial[lane] = select(vec4f(0.0), part, subgroup_lane == 0u);
  workgroupBarrier();
  var total = vec4f();
  if (lane == 0u) {
    for (var i = 0u; i < 64u; i++) {
      total += partial[i];
    }
  }
  return total;
}

@if(!subgroups) fn sum_workgroup(value: vec4f, lane: u32) -> vec4f {
  partial[lane] = value;
  for (var half = 32u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (lane < half) {
      partial[lane] += partial[lane + half];
    }
  }
  return partial[lane];
}
