import { type Gpu, uploadTensor } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { SEEN_IN_PROMPT } from '../penalize/penalize.ts';
import { nmse, poisoned, randomF32, readU32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { advance, readRecord, recordWords } from './advance.ts';
import { advanceRef } from './advance.ref.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

const COLUMNS = 65;
const SLOTS = 9;
const POISON = 0x7fc0dead;

describe.each([
  { name: 'ids alone', counted: false, logprobs: false, k: 0 },
  { name: 'counted', counted: true, logprobs: false, k: 0 },
  { name: 'own logprob', counted: true, logprobs: true, k: 0 },
  { name: 'top 5', counted: false, logprobs: true, k: 5 },
  { name: 'top 20, counted', counted: true, logprobs: true, k: 20 },
])('$name', ({ counted, logprobs, k }) => {
  test.each([
    [1, 1],
    [2, 2],
    [7, 5],
    [66, 65],
  ])('%i rows, %i live', async (rows, live) => {
    const ids = Uint32Array.from({ length: rows }, (_, r) => (r * 11 + 3) % COLUMNS);
    ids[0] = COLUMNS - 1;
    const before = Array.from({ length: rows }, (_, r) => ({
      token: 1000 + r,
      position: r * 3,
      slot: r % SLOTS,
    }));
    const countsBefore = Array.from({ length: SLOTS }, (_, slot) =>
      Array.from({ length: COLUMNS }, (_, id) => (id % 2 ? SEEN_IN_PROMPT : 0) + slot),
    );
    const step = stepTensor(gpu, before, live);
    const counts = uploadTensor(gpu.device, 'counts', Uint32Array.from(countsBefore.flat()), [
      SLOTS,
      COLUMNS,
    ]);
    const words = recordWords(logprobs, k);
    const records = poisoned(gpu, [rows, words]);
    const own = randomF32(rows, 3);
    const norms = randomF32(rows * 2, 4);
    const topIds = Uint32Array.from({ length: rows * Math.max(1, k) }, (_, i) => (i * 7) % COLUMNS);
    const topValues = randomF32(rows * Math.max(1, k), 5).map((v) => v * 9);
    const top = {
      ids: uploadTensor(gpu.device, 'top ids', topIds, [rows, Math.max(1, k)]),
      values: upload(gpu, topValues, [rows, Math.max(1, k)]),
    };
    await runOp(gpu, (rec) =>
      advance(rec, {
        chosen: uploadTensor(gpu.device, 'chosen', ids),
        step,
        records,
        ...(counted && { counts }),
        ...(logprobs && {
          logprobs: {
            chosen: upload(gpu, own, [rows]),
            norms: upload(gpu, norms, [rows, 2]),
            ...(k > 0 && { top }),
          },
        }),
      }),
    );
    // Rows that share a slot exist only in the longest case, and there they choose different ids.
    const state = { rows: structuredClone(before), counts: structuredClone(countsBefore) };
    const lists = advanceRef(state, live, ids, norms, topValues, k);
    const stepWords = await readU32(gpu, step);
    expect(stepWords[0]).toBe(live);
    state.rows.forEach(({ token, position, slot }, r) => {
      expect(Array.from(stepWords.slice(4 + r * 4, 8 + r * 4))).toEqual([token, position, slot, 0]);
    });
    const expectedCounts = counted ? state.counts : countsBefore;
    expect([...(await readU32(gpu, counts))].slice(0, SLOTS * COLUMNS)).toEqual(expectedCounts.flat());
    const written = await readU32(gpu, records);
    for (let r = 0; r < live; r++) {
      const record = readRecord(written, r, logprobs, k);
      expect(record.id).toBe(ids[r]);
      expect(record.logprob).toBe(logprobs ? own[r] : undefined);
      expect(record.top.map(({ id }) => id)).toEqual(Array.from(topIds.slice(r * k, (r + 1) * k)));
      expect(
        nmse(
          record.top.map(({ logprob }) => logprob),
          lists[r]!,
        ),
      ).toBeLessThanOrEqual(1e-10);
    }
    const rest = Array.from(written.slice(live * words, rows * words));
    expect(rest).toEqual(rest.map(() => POISON));
  });
});

test('refuses records of another shape', async () => {
  const chosen = uploadTensor(gpu.device, 'chosen', new Uint32Array(2));
  const records = poisoned(gpu, [2, 3]);
  await expect(
    runOp(gpu, (rec) => advance(rec, { chosen, step: stepTensor(gpu, [{}, {}]), records })),
  ).rejects.toThrow(/records are not \[2, 1\]/);
});
