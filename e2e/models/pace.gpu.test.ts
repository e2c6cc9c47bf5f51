// A prefill is cut into chunks and submits by what the adapter was seen to do: whatever they are, it comes to the same.

import { openModel, type OpenModel } from '@quern/engine/testing';
import { openDawn } from '@quern/gpu/node';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { caseSource, readCase } from './case.ts';
import { ask } from './requests.ts';

const { promptIds } = readCase('arch-llama');
/** Of a context without a page to spare. */
const ids = Array.from({ length: 150 }, (_, i) => promptIds[(i * 3) % promptIds.length]!);

let model: OpenModel;
beforeAll(async () => {
  const sources = [caseSource('arch-llama')];
  model = await openModel({ sources, gpu: await openDawn(), kv: 'f32', chunkRows: 64, contextLength: 160 });
});
afterAll(() => model?.engine.unload());
afterEach(() => vi.restoreAllMocks());

/** A pace that lets chunks have so many rows and submits so much arithmetic; what it was told of submits. */
function pacedAt(rows: number, flopsPerSubmit: number) {
  const { pace } = model;
  vi.spyOn(pace, 'suits').mockImplementation((plan) => 'label' in plan && rowsOf(plan.label) <= rows);
  vi.spyOn(pace, 'flopsPerSubmit', 'get').mockReturnValue(flopsPerSubmit);
  return vi.spyOn(pace, 'submitted');
}
const rowsOf = (label: unknown) => Number(/^prefill (\d+) rows/.exec(String(label))?.[1]);

test('logits are the same bits in chunks of any size, in one submit or in many', async () => {
  const next = [5, 6];
  let submitted = pacedAt(64, Infinity);
  const whole = await model.decodeLogits(ids, next);
  expect(submitted).toHaveBeenCalledTimes(3); // 64 + 64 + 22
  vi.restoreAllMocks();
  for (const rows of [32, 16, 8]) {
    submitted = pacedAt(rows, 1e5);
    const logits = await model.decodeLogits(ids, next);
    expect(submitted.mock.calls.length).toBeGreaterThan(3 * Math.ceil(ids.length / rows));
    expect(logits).toEqual(whole);
    vi.restoreAllMocks();
  }
});

test('a request that is aborted ends after what was submitted, and leaves the chunks that were whole', async () => {
  const submitted = pacedAt(8, 1);
  const abort = new AbortController();
  let most = 0;
  submitted.mockImplementation(() => {
    if (++most === 100) abort.abort();
  });
  const answer = async () => {
    for await (const _ of model.engine.generate(ask(ids), abort.signal));
  };
  await expect(answer()).rejects.toMatchObject({ code: 'aborted' });
  expect(most).toBe(100);
  vi.restoreAllMocks();
  const parts = [];
  for await (const part of model.engine.generate(ask(ids, { maxTokens: 2 }))) parts.push(part);
  const finish = parts.find((part) => part.type === 'finish')!;
  expect(finish.usage.cachedTokens % 8).toBe(0);
  expect(finish.usage.cachedTokens).toBeGreaterThan(0);
});
