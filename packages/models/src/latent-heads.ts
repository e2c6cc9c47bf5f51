// The two matrices of each head that latent attention absorbs (DeepSeek-V2, arXiv 2405.04434): one takes the
// plain part of a query into the latent space, the other takes the attended latent row to the head's value.
// Files have them apart (GGUF's attn_k_b and attn_v_b), or as one projection of latent rows to keys and values
// (attn_kv_b, as checkpoints have it), whose key half is needed the other way round and so transposed here.

import { bf16, type DType, f16, f32, f32ToF16 } from '@quern/dtypes';
import type { Weight } from '@quern/kernels';
import type { WeightRegistry } from './weight-registry.ts';

export interface LatentDims {
  readonly heads: number;
  /** Values of a latent row. */
  readonly rank: number;
  /** Values of a head's key that RoPE leaves alone, and of its value. */
  readonly plain: number;
  readonly valueDim: number;
}

export interface LatentHeads {
  /** [heads * rank, plain]. */
  readonly absorb: Weight;
  /** [heads * valueDim, rank]. */
  readonly expand: Weight;
}

/** Name of layer i's combined projection. */
export function combinedName(i: number): string {
  return `blk.${i}.attn_kv_b.weight`;
}

/** Both matrices of layer i. Throws 'corrupt-file' for tensors that are missing or of other shapes, 'webgpu-unavailable'. */
export function latentHeads(weights: WeightRegistry, i: number, dims: LatentDims): LatentHeads {
  const { heads, rank, plain, valueDim } = dims;
  const key = `blk.${i}.attn_k_b.weight`;
  const combined = combinedName(i);
  if (weights.has(key) || !weights.has(combined)) {
    return {
      absorb: weights.stack(key, [heads, rank, plain]),
      expand: weights.stack(`blk.${i}.attn_v_b.weight`, [heads, valueDim, rank]),
    };
  }
  const stored = weights.type(combined);
  const transposed = transposedType(stored);
  const absorb = weights.allocate(`${combined} keys`, transposed, heads * rank, plain, rank);
  const expand = weights.allocate(`${combined} values`, stored, heads * valueDim, rank, valueDim);
  const each = plain + valueDim;
  const rowBytes = (rank / stored.blockSize) * stored.blockBytes;
  const row = new Float32Array(rank);
  // One head's keys, already [rank, plain]; rows stream in order.
  const turned = new Float32Array(rank * plain);
  weights.receive(combined, [heads * each, rank], [absorb, expand], (first, count, bytes) => {
    for (let n = 0; n < count; n++) {
      const head = Math.floor((first + n) / each);
      const at = (first + n) % each;
      const source = bytes.subarray(n * rowBytes, (n + 1) * rowBytes);
      if (at >= plain) {
        weights.fill(expand, head * valueDim + at - plain, 1, source);
        continue;
      }
      stored.decode(source, rank / stored.blockSize, row);
      for (let r = 0; r < rank; r++) turned[r * plain + at] = row[r]!;
      if (at === plain - 1) weights.fill(absorb, head * rank, rank, encode(transposed, turned));
    }
  });
  return { absorb, expand };
}

/**
 * The type that the key half has on the GPU: floats stay what they are, blocks cannot be turned round and
 * become f16.
 */
export function transposedType(stored: DType): DType {
  return [f32, bf16].find(({ name }) => name === stored.name) ?? f16;
}

/** `values` as bytes of f32, bf16 (whose values they already are) or f16. */
function encode(dtype: DType, values: Float32Array<ArrayBuffer>): Uint8Array {
  if (dtype === f32) return new Uint8Array(values.buffer);
  if (dtype === bf16) {
    const bits = new Uint32Array(values.buffer);
    return new Uint8Array(Uint16Array.from(bits, (word) => word >>> 16).buffer);
  }
  return new Uint8Array(Uint16Array.from(values, f32ToF16).buffer);
}
