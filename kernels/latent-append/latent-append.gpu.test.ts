import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, beforeEach, describe, test } from 'vitest';
import { checkLatent } from '../testing/latent.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

const small = { heads: 4, rank: 32, rotated: 16, plain: 32 } as const;

describe.each(['thread', 'quad'] as const)('latent rows, attended by a %s', (form) => {
  beforeEach((context) => {
    if (form === 'quad' && !gpu.caps.subgroups) context.skip('this adapter has no subgroups');
  });

  test.each(['f32', 'f16', 'q8'] as const)('%s cache: prefill past a page, then decode', async (kv) => {
    await checkLatent(gpu, { ...small, form, kv, chunks: [37, 1, 1] });
  });
  test.each(['f32', 'q8'] as const)('%s cache: a scale that spans latent and turned values', async (kv) => {
    await checkLatent(gpu, { form, kv, heads: 3, rank: 24, rotated: 8, plain: 16, chunks: [5, 1] });
  });
  test.each([1, 17, 40])('%i heads', async (heads) => {
    await checkLatent(gpu, { ...small, form, heads, chunks: [7, 1] });
  });
  test('decode in splits, at their edges', async () => {
    for (const length of [31, 32, 33, 64]) {
      await checkLatent(gpu, {
        ...small,
        form,
        heads: 2,
        rank: 16,
        rotated: 8,
        chunks: [length, 1, 1],
        splitKeys: 32,
      });
    }
  });
  test('rows that are sequences of their own, of other lengths', async () => {
    for (const splitKeys of [32, 64]) {
      await checkLatent(gpu, { ...small, form, chunks: [70], alone: [69, 0, 31, 32, 5, 64, 33], splitKeys });
    }
  });
  test('positions past 256', async () => {
    await checkLatent(gpu, { ...small, form, heads: 1, rank: 8, rotated: 8, chunks: [130, 130, 1] });
  });
  test('as published: 512 + 64 values', async () => {
    await checkLatent(gpu, {
      form,
      kv: 'f16',
      heads: 16,
      rank: 512,
      rotated: 64,
      plain: 128,
      chunks: [3, 1],
    });
  });
});

test('the tile: prefill and decode in splits, heads that fill no tile', async () => {
  await checkLatent(gpu, { ...small, form: 'tile', kv: 'f16', heads: 17, chunks: [33, 1], splitKeys: 32 });
});
