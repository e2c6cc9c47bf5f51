// A prompt that begins like an earlier one computes only what is new, and is answered as if all were.

import type { InferenceEngine } from '@quern/spec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCase } from './case.ts';
import { answer, ask, loadCase } from './requests.ts';

const { promptIds, greedyIds } = readCase('arch-llama');
const CONTEXT = 192;

let engine: InferenceEngine;
beforeAll(async () => {
  engine = await loadCase('arch-llama', { contextLength: CONTEXT });
});
afterAll(() => engine?.unload());

/** Fills the whole cache with something else, so that what comes next starts from nothing. */
async function forget(): Promise<void> {
  const { usage } = await answer(
    engine,
    Array.from({ length: CONTEXT }, (_, i) => 630 - (i % 9)),
  );
  expect(usage.completionTokens).toBe(1);
}

/** What the prompt is answered with when nothing of it is cached. */
async function fresh(prompt: readonly number[], maxTokens = 8): Promise<number[]> {
  await forget();
  const { ids, usage } = await answer(engine, prompt, { maxTokens });
  expect(usage.cachedTokens).toBe(0);
  return ids;
}

/** `length` tokens of a text of Shakespeare's and the model's own. */
const text = (length: number) => [...promptIds, ...greedyIds].slice(0, length);

test('the same prompt again computes its last token only', async () => {
  await forget();
  const first = await answer(engine, promptIds, { maxTokens: 12 });
  const again = await answer(engine, promptIds, { maxTokens: 12 });
  expect([first.usage.cachedTokens, again.usage.cachedTokens]).toEqual([0, promptIds.length - 1]);
  expect([first.ids, again.ids]).toEqual([greedyIds.slice(0, 12), greedyIds.slice(0, 12)]);
});

describe.each([1, 31, 32, 33, 63, 64, 65])('a first turn of %i tokens', (length) => {
  test("a second turn has the first and the answer's tokens but the last cached", async () => {
    const turn = [40, 41, 42];
    const expected = await fresh([...text(length), ...(await fresh(text(length), 3)), ...turn]);
    await forget();
    const first = await answer(engine, text(length), { maxTokens: 3 });
    expect(first.reason).toBe('length');
    const second = await answer(engine, [...text(length), ...first.ids, ...turn]);
    // The last token was sampled; nothing has computed its keys and values.
    expect(second.usage.cachedTokens).toBe(length + 2);
    expect(second.ids).toEqual(expected);
  });
});

test('a turn that was stopped leaves no token of the steps beyond', async () => {
  await forget();
  const first = await answer(engine, promptIds, { maxTokens: 30, sampling: { logitBias: [] } });
  const [a, b] = [first.ids[3]!, first.ids[4]!];
  const stop = [new TextDecoder().decode(Uint8Array.from((await bytesOf(a)).concat(await bytesOf(b))))];
  await forget();
  const stopped = await answer(engine, promptIds, { maxTokens: 30, stop });
  expect(stopped.reason).toBe('stop');
  const next = [...promptIds, ...stopped.ids, 50, 51];
  const second = await answer(engine, next);
  expect(second.usage.cachedTokens).toBe(promptIds.length + stopped.ids.length - 1);
  expect(second.ids).toEqual(await fresh(next));
});

async function bytesOf(id: number): Promise<number[]> {
  const { tokens } = await answer(engine, [1], {
    maxTokens: 1,
    topLogprobs: 0,
    sampling: { logitBias: [[id, 100]] },
  });
  return tokens[0]!.bytes;
}

test('another answer to the same prompt (an edit, a retry) goes back to where they part', async () => {
  await forget();
  await answer(engine, [...text(40), 7, 8, 9, 10]);
  const edited = [...text(40), 11, 12];
  const second = await answer(engine, edited);
  expect(second.usage.cachedTokens).toBe(40);
  expect(second.ids).toEqual(await fresh(edited));
});

test('two chats under one system prompt share its pages, and neither spoils the other', async () => {
  const system = text(70);
  const long = (salt: number) => [...system, ...Array.from({ length: 40 }, (_, i) => 100 + salt + i)];
  const expected = [await fresh([...long(0), 20]), await fresh([...long(200), 21])];
  await forget();
  await answer(engine, long(0), { maxTokens: 1 });
  const other = await answer(engine, long(200), { maxTokens: 1 });
  expect(other.usage.cachedTokens).toBe(64); // whole pages
  const [a, b] = [await answer(engine, [...long(0), 20]), await answer(engine, [...long(200), 21])];
  expect([a.usage.cachedTokens, b.usage.cachedTokens]).toEqual([110, 110]);
  expect([a.ids, b.ids]).toEqual(expected);
});

test('an aborted answer leaves what was computed, and the next is right', async () => {
  const expected = await fresh([...text(50), 60]);
  await forget();
  const abort = new AbortController();
  let seen = 0;
  const run = async () => {
    for await (const part of engine.generate(ask(text(50), { maxTokens: 40 }), abort.signal)) {
      if (part.type === 'text-delta' && ++seen === 3) abort.abort();
    }
  };
  await expect(run()).rejects.toMatchObject({ code: 'aborted' });
  expect(seen).toBe(3);
  const next = await answer(engine, [...text(50), 60]);
  expect(next.usage.cachedTokens).toBe(50);
  expect(next.ids).toEqual(expected);
});

test('a prompt aborted on its way leaves nothing wrong behind', async () => {
  const long = text(107);
  const expected = await fresh(long);
  await forget();
  const abort = new AbortController();
  const run = async () => {
    for await (const part of engine.generate(ask(long), abort.signal)) {
      if (part.type === 'prompt-start') setTimeout(() => abort.abort(), 0);
    }
  };
  await expect(run()).rejects.toMatchObject({ code: 'aborted' });
  expect((await answer(engine, long)).ids).toEqual(expected);
});

test('a draw does not depend on what was cached', async () => {
  const sampling = { temperature: 1, seed: 11 };
  await forget();
  const first = await answer(engine, promptIds, { sampling });
  const again = await answer(engine, promptIds, { sampling });
  expect(again.usage.cachedTokens).toBe(promptIds.length - 1);
  expect(again.ids).toEqual(first.ids);
});

test('perplexity takes nothing from the cache and leaves it right', async () => {
  await forget();
  const { ids } = await answer(engine, promptIds, { maxTokens: 4 });
  const one = await engine.perplexity({ kind: 'ids', ids: promptIds });
  const two = await engine.perplexity({ kind: 'ids', ids: promptIds });
  expect(two.nll).toEqual(one.nll);
  expect((await answer(engine, promptIds, { maxTokens: 4 })).ids).toEqual(ids);
});
