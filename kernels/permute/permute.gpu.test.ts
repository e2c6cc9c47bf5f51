import { uploadTensor } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { permuteRef } from './permute.ref.ts';
import { permute } from './permute.ts';

test.each([
  [1, 32],
  [7, 96],
  [33, 260],
])('%i rows of %i columns', async (rows, columns) => {
  const gpu = await openTestGpu();
  const x = randomF32(rows * columns, 3);
  // 7 divides none of them: every column moves, each somewhere else.
  const order = Uint32Array.from({ length: columns }, (_, i) => (i * 7 + 3) % columns);
  const y = poisoned(gpu, [rows, columns]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows }, () => ({})),
  );
  const tensor = uploadTensor(gpu.device, 'order', order);
  await runOp(gpu, (rec) => permute(rec, { x: upload(gpu, x, [rows, columns]), order: tensor, step, y }));
  expect((await readF32(gpu, y)).subarray(0, x.length)).toEqual(permuteRef(x, order));
});
