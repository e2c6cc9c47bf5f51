// The tile for real GPUs in all its forms: pipelines that a software adapter compiles for seconds.
import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, describe, test } from 'vitest';
import { checkLatent } from '../testing/latent.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

const small = { form: 'tile', heads: 4, rank: 32, rotated: 16, plain: 32 } as const;

describe('latent rows, attended by tiles', () => {
  test.each(['f32', 'f16', 'q8'] as const)('%s cache: prefill past a page, then decode', async (kv) => {
    await checkLatent(gpu, { ...small, kv, chunks: [37, 1, 1] });
  });
  test('q8 cache: a scale that spans latent and turned values', async () => {
    await checkLatent(gpu, {
      form: 'tile',
      kv: 'q8',
      heads: 3,
      rank: 24,
      rotated: 8,
      plain: 16,
      chunks: [5, 1],
    });
  });
  test.each([1, 2, 16, 17, 40])('%i heads', async (heads) => {
    await checkLatent(gpu, { ...small, heads, chunks: [7, 1] });
  });
  test('decode in splits, at their edges, and a prefill in splits', async () => {
    for (const length of [31, 32, 33, 64]) {
      await checkLatent(gpu, {
        ...small,
        heads: 2,
        rank: 16,
        rotated: 8,
        chunks: [length, 1, 1],
        splitKeys: 32,
      });
    }
  });
  test('rows that are sequences of their own, of other lengths', async () => {
    await checkLatent(gpu, { ...small, heads: 20, chunks: [70], alone: [69, 0, 31, 32, 5], splitKeys: 32 });
  });
  test.each(['f32', 'f16', 'q8'] as const)('as published: 512 + 64 values, %s', async (kv) => {
    await checkLatent(gpu, {
      form: 'tile',
      kv,
      heads: 16,
      rank: 512,
      rotated: 64,
      plain: 128,
      chunks: [3, 1],
    });
  });
  test('128 heads', async () => {
    await checkLatent(gpu, {
      form: 'tile',
      kv: 'f16',
      heads: 128,
      rank: 512,
      rotated: 64,
      plain: 128,
      chunks: [2, 1],
    });
  });
});
