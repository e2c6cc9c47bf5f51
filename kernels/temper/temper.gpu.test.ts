import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { nmse, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { temperRef } from './temper.ref.ts';
import { temper } from './temper.ts';

test('queries grow at the steps of their length, and nothing else does', async () => {
  const gpu = await openTestGpu();
  const positions = [0, 18, 19, 20, 38, 39, 8191, 100_000];
  const [count, stride] = [260, 300];
  // One more row is dead.
  const rows = positions.length + 1;
  const input = randomF32(rows * stride, 3);
  const x = upload(gpu, input, [rows, stride]);
  const step = stepTensor(
    gpu,
    [...positions, 19].map((position) => ({ position })),
    positions.length,
  );
  await runOp(gpu, (rec) => temper(rec, { x, count, length: 20, scale: 0.4, step }));
  const actual = await readF32(gpu, x);
  const queries = (values: Float32Array, row: number) => values.subarray(row * stride, row * stride + count);
  positions.forEach((position, row) => {
    const factor = temperRef(position, 20, 0.4);
    const expected = Float64Array.from(queries(input, row), (value) => value * factor);
    expect(nmse(queries(actual, row), expected)).toBeLessThan(1e-9);
  });
  const others = (values: Float32Array) =>
    [...values].filter((_, i) => i >= positions.length * stride || i % stride >= count);
  expect(others(actual)).toEqual(others(input));
});
