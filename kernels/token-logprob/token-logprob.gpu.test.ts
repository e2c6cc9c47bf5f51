import { type Gpu, uploadTensor } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, expect, test } from 'vitest';
import { nmse, poisoned, randomF32, readF32, runOp, upload } from '../testing/run-op.ts';
import { tokenLogprobRef } from './token-logprob.ref.ts';
import { tokenLogprob } from './token-logprob.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

async function run(logits: Float32Array<ArrayBuffer>, targets: readonly number[], columns: number) {
  const rows = targets.length;
  const logprobs = poisoned(gpu, [rows]);
  const norms = poisoned(gpu, [rows, 2]);
  await runOp(gpu, (rec) =>
    tokenLogprob(rec, {
      logits: upload(gpu, logits, [rows, columns]),
      targets: uploadTensor(gpu.device, 'targets', Uint32Array.from(targets)),
      logprobs,
      norms,
    }),
  );
  const pairs = await readF32(gpu, norms);
  return {
    logprobs: (await readF32(gpu, logprobs)).slice(0, rows),
    logsumexp: Float64Array.from({ length: rows }, (_, r) => pairs[2 * r]! + pairs[2 * r + 1]!),
  };
}

async function check(logits: Float32Array<ArrayBuffer>, targets: readonly number[], columns: number) {
  const actual = await run(logits, targets, columns);
  const expected = tokenLogprobRef(logits, targets, targets.length, columns);
  expect(nmse(actual.logprobs, expected.logprobs)).toBeLessThanOrEqual(1e-10);
  expect(nmse(actual.logsumexp, expected.logsumexp)).toBeLessThanOrEqual(1e-10);
}

test.each([
  [1, 3],
  [2, 65],
  [7, 640],
  [2, 49152],
  [1, 151936],
  [300, 129],
])('%i rows of %i', async (rows, columns) => {
  const logits = randomF32(rows * columns, rows + columns).map((v) => v * 15);
  await check(
    logits,
    Array.from({ length: rows }, (_, r) => (r * 37 + columns - 1) % columns),
    columns,
  );
});

test('one column is certain', async () => {
  expect((await run(new Float32Array([-12.5]), [0], 1)).logprobs[0]).toBe(0);
});

test('all but one column lie far below, or are masked', async () => {
  const logits = new Float32Array(5000).fill(-1e30);
  logits[4321] = 80;
  logits[17] = 75;
  await check(logits, [17], 5000);
});

test('a large common offset does no harm', async () => {
  await check(
    randomF32(640, 4).map((v) => v + 20000),
    [3],
    640,
  );
});

test('a target that is no column gives the sentinel', async () => {
  const { logprobs } = await run(randomF32(2 * 65, 1), [65, 0xffffffff], 65);
  expect([...logprobs]).toEqual([Math.fround(-1e30), Math.fround(-1e30)]);
});
