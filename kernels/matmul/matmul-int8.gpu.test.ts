import { dtypeByName } from '@quern/dtypes';
import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { createWeight, destroyWeight, writeRows } from '../lib/weight.ts';
import { decodeRows, randomRows } from '../testing/blocks.ts';
import { checkInt8 } from '../testing/int8-matmul.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { matmulRef } from './matmul.ref.ts';
import { matmul } from './matmul.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
beforeEach((context) => {
  if (!gpu.caps.dot4) context.skip('this adapter has no packed integer dot product');
});

const VARIANTS = { gemv: 'workgroup', gemm: 'tile' };

// Each pair of traits: codes below 128 or beyond, halves with scales of their own or not.
test.each(['q4_1', 'q6_k', 'q8_0', 'iq2_xs'])('%s: one row, tails in outputs', async (quant) => {
  await checkInt8(gpu, { quant, variants: VARIANTS, rows: 1, outputs: 37, k: 768 });
});
test.each(['q4_1', 'iq2_xs'])('%s: 33 rows', async (quant) => {
  await checkInt8(gpu, { quant, variants: VARIANTS, rows: 33, outputs: 70, k: 512 });
});
test.each([2, 3, 7])('q4_1: %i rows', async (rows) => {
  await checkInt8(gpu, { quant: 'q4_1', variants: VARIANTS, rows, outputs: 66, k: 96 });
});
test('a gate', async () => {
  await checkInt8(gpu, { quant: 'q8_0', variants: VARIANTS, rows: 1, outputs: 43, k: 64, glu: true });
});
test('bias, residual and a column offset', async () => {
  await checkInt8(gpu, { quant: 'q4_0', variants: VARIANTS, rows: 2, outputs: 21, k: 64, more: true });
});

test('gate, bias and residual of the tiled form', async () => {
  const variants = { gemm: 'tile' };
  await checkInt8(gpu, { quant: 'q8_0', variants, rows: 70, outputs: 43, k: 64, glu: true });
  await checkInt8(gpu, { quant: 'q4_0', variants, rows: 12, outputs: 21, k: 64, more: true });
});

test('weights without bytes are multiplied as floats', async () => {
  const k = 64;
  const dtype = dtypeByName('f16')!;
  const bytes = randomRows(dtype, 8, k, 3);
  const weight = createWeight(gpu.device, gpu.caps, 'w', dtype, 8, k);
  writeRows(gpu.device.queue, weight, 0, 8, bytes);
  const x = randomF32(k, 5);
  const y = poisoned(gpu, [1, 8]);
  await runOp(
    gpu,
    (rec) => matmul(rec, { weight, x: upload(gpu, x, [1, k]), y, step: stepTensor(gpu, [{}]) }),
    { gemvActivations: 'int8' },
  );
  destroyWeight(weight);
  const expected = matmulRef(x, decodeRows(dtype, bytes, 8, k), 1, 8, k);
  expect(nmse(await readF32(gpu, y), expected)).toBeLessThanOrEqual(1e-9);
});
