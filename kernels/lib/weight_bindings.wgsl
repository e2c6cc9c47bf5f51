// The two streams of a repacked weight part. A type without scales binds its quants twice.
@group(0) @binding(0) var<storage, read> quants: array<vec4u>;
@group(0) @binding(1) var<storage, read> scales: array<u32>;
