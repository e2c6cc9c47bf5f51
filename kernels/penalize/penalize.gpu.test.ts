import { type Gpu, uploadTensor } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { GREEDY, type SamplingOptions } from '@quern/spec';
import { beforeAll, expect, test } from 'vitest';
import { samplerWords } from '../draw/sampler.ts';
import { nmse, poisoned, random, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { biasWords, penalize, SEEN_IN_PROMPT } from './penalize.ts';
import { penalizeRef } from './penalize.ref.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

const CAPACITY = 6;

/** Row r uses slot `slots[r]`; slot s samples by `options[s]`. */
async function check(
  columns: number,
  slots: readonly number[],
  options: readonly SamplingOptions[],
  live = slots.length,
): Promise<void> {
  const rows = slots.length;
  const logits = randomF32(rows * columns, columns).map((v) => v * 20);
  const next = random(9);
  const counts = Uint32Array.from({ length: options.length * columns }, () => {
    const kind = Math.floor((next() + 1) * 4);
    return [0, 0, 0, 0, 1, SEEN_IN_PROMPT, SEEN_IN_PROMPT + 3, 7][kind]!;
  });
  const biases = options.map((o) => biasWords(o.logitBias, CAPACITY, columns));
  const scores = poisoned(gpu, [rows, columns]);
  const words = (lists: Uint32Array[]) => Uint32Array.from(lists.flatMap((list) => [...list]));
  await runOp(gpu, (rec) =>
    penalize(rec, {
      logits: upload(gpu, logits, [rows, columns]),
      scores,
      counts: uploadTensor(gpu.device, 'counts', counts, [options.length, columns]),
      samplers: uploadTensor(
        gpu.device,
        'samplers',
        words(options.map((o, i) => samplerWords(o, biases[i]!.count))),
        [options.length, 16],
      ),
      biases: uploadTensor(gpu.device, 'biases', words(biases.map((b) => b.words)), [
        options.length,
        CAPACITY,
        2,
      ]),
      step: stepTensor(
        gpu,
        slots.map((slot) => ({ slot })),
        live,
      ),
    }),
  );
  const actual = await readF32(gpu, scores);
  slots.forEach((slot, r) => {
    const row = actual.slice(r * columns, (r + 1) * columns);
    if (r >= live) {
      expect(row.every(Number.isNaN), 'a row that is not live was written').toBe(true);
      return;
    }
    const expected = penalizeRef(
      logits.slice(r * columns, (r + 1) * columns),
      counts.slice(slot * columns, (slot + 1) * columns),
      options[slot]!,
    );
    expect(nmse(row, expected)).toBeLessThanOrEqual(1e-10);
  });
}

const STRONG: SamplingOptions = {
  ...GREEDY,
  repetitionPenalty: 1.3,
  frequencyPenalty: 0.5,
  presencePenalty: -0.75,
};

test.each([1, 3, 65, 640, 49152, 151936])('%i columns', async (columns) => {
  await check(columns, [0], [{ ...STRONG, logitBias: [[columns - 1, -100]] }]);
});

test('seven rows, each with its slot, some of them padding', async () => {
  const biased = {
    ...GREEDY,
    logitBias: [
      [0, 5],
      [2047, -3],
      [2048, 2.5],
      [2999, 100],
      [0, 6],
    ] as const,
  };
  await check(3000, [2, 0, 1, 2, 1, 0, 0], [STRONG, biased, { ...STRONG, repetitionPenalty: 0.8 }], 5);
});

test('with everything off the scores are the logits', async () => {
  await check(640, [0, 0], [GREEDY]);
});

test('a bias list refuses foreign ids, too many and no numbers', () => {
  expect(() => biasWords([[10, 1]], 4, 10)).toThrow(/token 10/);
  expect(() => biasWords([[-1, 1]], 4, 10)).toThrow(/token -1/);
  expect(() => biasWords([[1, Number.NaN]], 4, 10)).toThrow(/NaN/);
  expect(() =>
    biasWords(
      [
        [0, 1],
        [1, 1],
      ],
      1,
      10,
    ),
  ).toThrow(/at most 1/);
});
