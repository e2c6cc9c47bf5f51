// The KV pages of one layer: [page][KV head][32 K rows, then 32 V rows unless latent], in the cache's type.
@if(append) @group(0) @binding(0) var<storage, read_write> kv: array<u32>;
@if(!append) @group(0) @binding(0) var<storage, read> kv: array<u32>;
