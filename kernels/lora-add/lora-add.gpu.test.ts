import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { nmse, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { loraAddRef } from './lora-add.ref.ts';
import { loraAdd } from './lora-add.ts';

test.each([
  { rows: 1, rank: 4, outputs: 64, columns: 64, column: 0, scale: 2 },
  { rows: 7, rank: 8, outputs: 37, columns: 100, column: 21, scale: -0.5 },
  { rows: 33, rank: 64, outputs: 130, columns: 131, column: 1, scale: 0.125 },
])('$rows rows, rank $rank, $outputs outputs from column $column of $columns', async (c) => {
  const { rows, rank, outputs, columns, column, scale } = c;
  const gpu = await openTestGpu();
  const low = randomF32(rows * rank, 3);
  const b = randomF32(outputs * rank, 5);
  const before = randomF32(rows * columns, 7);
  const y = upload(gpu, before, [rows, columns]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows }, () => ({})),
  );
  await runOp(gpu, (rec) =>
    loraAdd(rec, {
      low: upload(gpu, low, [rows, rank]),
      b: upload(gpu, b, [outputs, rank]),
      scale: upload(gpu, Float32Array.of(scale), [1]),
      step,
      y,
      column,
    }),
  );
  const actual = (await readF32(gpu, y)).subarray(0, before.length);
  const expected = loraAddRef(low, b, scale, before, c);
  expect(nmse(Float64Array.from(actual), expected)).toBeLessThanOrEqual(1e-9);
  // Columns of others keep their bits.
  actual.forEach((value, i) => {
    const o = (i % columns) - column;
    if (o < 0 || o >= outputs) expect(value).toBe(before[i]);
  });
});
