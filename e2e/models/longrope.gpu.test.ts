// LongRoPE computes the keys of a sequence that may outgrow the original context otherwise: what the cache holds
// of a shorter one is dropped, not reused.
import type { InferenceEngine } from '@quern/spec';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCase } from './case.ts';
import { answer, loadCase } from './requests.ts';

const { promptIds, greedyIds } = readCase('arch-phi3-longrope');
/** The case's original context: prompts and answers within it use the short divisors. */
const ORIGINAL = 64;

let engine: InferenceEngine;
beforeAll(async () => {
  engine = await loadCase('arch-phi3-longrope');
});
afterAll(() => engine?.unload());

test('a chat that outgrows the original context is computed again, once', async () => {
  const short = promptIds.slice(0, 40);
  const first = await answer(engine, short, { maxTokens: ORIGINAL - 40 });
  const again = await answer(engine, [...short, first.ids[0]!], { maxTokens: 4 });
  expect([first.usage.cachedTokens, again.usage.cachedTokens]).toEqual([0, 40]);
  // The reference's prompt begins with the same 40 tokens, and is longer than the original context.
  expect(promptIds.length).toBeGreaterThan(ORIGINAL);
  const long = await answer(engine, promptIds, { maxTokens: 8 });
  expect([long.usage.cachedTokens, long.ids]).toEqual([0, greedyIds.slice(0, 8)]);
  const next = await answer(engine, [...promptIds, ...long.ids], { maxTokens: 8 });
  expect(next.usage.cachedTokens).toBe(promptIds.length + 7);
  expect(next.ids).toEqual(greedyIds.slice(8, 16));
  const shortAgain = await answer(engine, short, { maxTokens: ORIGINAL - 40 });
  expect([shortAgain.usage.cachedTokens, shortAgain.ids]).toEqual([0, first.ids]);
});
