import { dtypeByName } from '@quern/dtypes';
import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { createWeight, writeRows } from '../lib/weight.ts';
import { QUANTS } from '../quant/index.ts';
import { decodeRows, randomRows } from '../testing/blocks.ts';
import { poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { embedRef } from './embed.ref.ts';
import { embed } from './embed.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

async function check(
  quant: string,
  vocabulary: number,
  dim: number,
  tokens: number[],
  scale = 1,
  maxBinding = 0,
) {
  const dtype = dtypeByName(quant)!;
  const bytes = randomRows(dtype, vocabulary, dim, 3);
  const limits = maxBinding
    ? { ...gpu.caps.limits, maxStorageBufferBindingSize: maxBinding }
    : gpu.caps.limits;
  const weight = createWeight(gpu.device, { ...gpu.caps, limits }, 'embedding', dtype, vocabulary, dim);
  expect(weight.parts.length > 1).toBe(maxBinding > 0);
  writeRows(gpu.device.queue, weight, 0, vocabulary, bytes);
  const y = poisoned(gpu, [tokens.length + 1, dim]);
  const step = stepTensor(
    gpu,
    [...tokens, 0].map((token) => ({ token })),
    tokens.length,
  );
  await runOp(gpu, (rec) => embed(rec, { weight, step, y, scale }));
  const actual = await readF32(gpu, y);
  const expected = embedRef(decodeRows(dtype, bytes, vocabulary, dim), dim, tokens, scale);
  // Equal values, so -0 may stand for 0.
  expect(expected.findIndex((value, i) => value !== actual[i])).toBe(-1);
  expect(actual.subarray(expected.length).every(Number.isNaN), 'a dead row was written').toBe(true);
}

describe('embed', () => {
  test.each(QUANTS)('%s decodes bit for bit', async (quant) => {
    await check(quant, 19, 512, [0, 18, 7, 7]);
  });
  test('a row that does not fill a group', async () => {
    await check('f16', 5, 40, [4, 1]);
    await check('f32', 5, 8, [4, 1]);
  });
  test('a scale and a table in parts', async () => {
    await check('q8_0', 37, 64, [0, 8, 36, 15, 16], Math.sqrt(64), 8 * 64);
  });
  test('a table in parts, each with its codebook', async () => {
    // A codebook of 4 KiB stands before the scales of each part: 8 rows of 8 bytes are left.
    await check('iq1_m', 37, 256, [0, 8, 36, 15, 16], 1, 4096 + 8 * 8);
  });
  test('rows chosen by position, added', async () => {
    const dtype = dtypeByName('f16')!;
    const bytes = randomRows(dtype, 300, 40, 4);
    const weight = createWeight(gpu.device, gpu.caps, 'positions', dtype, 300, 40);
    writeRows(gpu.device.queue, weight, 0, 300, bytes);
    const positions = [0, 299, 7];
    const before = randomF32(3 * 40, 8);
    const y = upload(gpu, before, [3, 40]);
    const step = stepTensor(
      gpu,
      positions.map((position) => ({ position, token: 2 })),
    );
    await runOp(gpu, (rec) => embed(rec, { weight, step, y, positions: true }));
    const expected = embedRef(decodeRows(dtype, bytes, 300, 40), 40, positions, 1);
    expect(await readF32(gpu, y)).toEqual(before.map((value, i) => Math.fround(value + expected[i]!)));
  });
  test('the least scales of mxfp4, but for what an adapter flushes', async () => {
    const dtype = dtypeByName('mxfp4')!;
    const bytes = randomRows(dtype, 5, 32, 5);
    for (let row = 0; row < 5; row++) bytes[row * 17] = row;
    const weight = createWeight(gpu.device, gpu.caps, 'embedding', dtype, 5, 32);
    writeRows(gpu.device.queue, weight, 0, 5, bytes);
    const y = poisoned(gpu, [5, 32]);
    const step = stepTensor(
      gpu,
      [0, 1, 2, 3, 4].map((token) => ({ token })),
    );
    await runOp(gpu, (rec) => embed(rec, { weight, step, y }));
    const actual = await readF32(gpu, y);
    decodeRows(dtype, bytes, 5, 32).forEach((value, i) => {
      // Scales of rows 0 and 1, 2^-128 and 2^-127, are subnormal.
      if (i >= 2 * 32) expect(actual[i]).toBe(value + 0);
      else expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(12 * 2 ** -127);
    });
  });
});
