// The stream of a request: order of its parts, where it stops, what it says of itself.

import type { GenerateRequest, InferenceEngine, QuernErrorCode } from '@quern/spec';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCase } from './case.ts';
import { answer, ask, collect, loadCase } from './requests.ts';

const { promptIds, greedyIds } = readCase('arch-llama');
/** A short prompt: most of these tests ask how a stream ends. */
const prompt = promptIds.slice(0, 12);
const EOS = 2;

let engine: InferenceEngine;
beforeAll(async () => {
  engine = await loadCase('arch-llama', { contextLength: 128 });
});
afterAll(() => engine?.unload());

test('prompt-start, a part for each token, finish', async () => {
  const { parts, usage, reason } = await answer(engine, promptIds, { maxTokens: 5 });
  expect(parts.map(({ type }) => type)).toEqual([
    'prompt-start',
    ...Array.from({ length: 5 }, () => 'text-delta'),
    'finish',
  ]);
  expect(parts[0]).toEqual({ type: 'prompt-start', promptIds });
  expect(parts.slice(1, 6)).toMatchObject(greedyIds.slice(0, 5).map((id) => ({ ids: [id] })));
  expect(parts.slice(1, 6).every((part) => !('tokens' in part))).toBe(true);
  expect([reason, usage]).toEqual([
    'length',
    { promptTokens: promptIds.length, completionTokens: 5, cachedTokens: 0 },
  ]);
});

test('timings add up', async () => {
  const started = performance.now();
  const { parts } = await answer(engine, [3, ...prompt], { maxTokens: 4 });
  const took = performance.now() - started;
  const finish = parts.at(-1);
  if (finish?.type !== 'finish') throw new Error('no finish');
  const { timeToFirstTokenMs, prefillTokens, prefillMs, decodeTokens, decodeMs } = finish.timings;
  expect([prefillTokens, decodeTokens]).toEqual([13, 3]);
  expect(prefillMs).toBeGreaterThan(0);
  expect(decodeMs).toBeGreaterThan(0);
  expect(timeToFirstTokenMs).toBeGreaterThanOrEqual(prefillMs);
  expect(timeToFirstTokenMs + decodeMs).toBeLessThanOrEqual(took);
});

test.each([0, 1, 2, 3, 4])('maxTokens %i', async (maxTokens) => {
  const { ids, reason, usage } = await answer(engine, promptIds, { maxTokens });
  expect(ids).toEqual(greedyIds.slice(0, maxTokens));
  expect([reason, usage.completionTokens]).toEqual(['length', maxTokens]);
});

test('the end-of-sequence token stops, is counted, and is no text', async () => {
  const sampling = { logitBias: [[EOS, 100]] as const };
  const stopped = await answer(engine, prompt, { sampling, ignoreEos: false });
  expect(stopped).toMatchObject({ ids: [EOS], text: '', reason: 'stop' });
  expect(stopped.usage.completionTokens).toBe(1);
});

test('ignoreEos goes on past it', async () => {
  const sampling = { logitBias: [[EOS, 100]] as const };
  const ignored = await answer(engine, prompt, { sampling, maxTokens: 3 });
  expect(ignored).toMatchObject({ ids: [EOS, EOS, EOS], text: '', reason: 'length' });
});

test('a stop string ends the text before it, also where it spans tokens', async () => {
  const whole = await answer(engine, promptIds, { maxTokens: 24 });
  const pieces = whole.parts.flatMap((part) => (part.type === 'text-delta' ? [part.text] : []));
  let end = 0;
  let tried = 0;
  for (const [i, piece] of pieces.slice(0, -1).entries()) {
    end += piece.length;
    const stop = whole.text.slice(end - 1, end + 1);
    // The last letter of one token and the first of the next, which stand side by side nowhere before.
    if (!/^[ -~]{2}$/.test(stop) || piece === '' || whole.text.indexOf(stop) !== end - 1) continue;
    const cut = await answer(engine, promptIds, { maxTokens: 24, stop: ['never said', stop] });
    expect(cut.text).toBe(whole.text.slice(0, end - 1));
    expect(cut.ids).toEqual(whole.ids.slice(0, i + 2));
    expect([cut.reason, cut.usage.completionTokens]).toEqual(['stop', i + 2]);
    if (++tried === 3) break;
  }
  expect(tried).toBe(3);
});

test('what a stop string held back is said when it does not come', async () => {
  const whole = await answer(engine, promptIds, { maxTokens: 6 });
  const held = await answer(engine, promptIds, { maxTokens: 6, stop: [`${whole.text.slice(-4)}and more`] });
  expect([held.text, held.reason]).toEqual([whole.text, 'length']);
});

test('a text prompt and its ids are answered alike', async () => {
  const stream = engine.generate({ ...ask([]), prompt: { kind: 'text', text: 'But I will' } });
  const { parts, ids } = await collect(stream);
  const [start] = parts;
  if (start?.type !== 'prompt-start') throw new Error('no prompt-start');
  expect(start.promptIds[0]).toBe(1); // BOS
  expect((await answer(engine, start.promptIds)).ids).toEqual(ids);
});

test.each<[string, GenerateRequest, QuernErrorCode]>([
  ['no tokens', ask([]), 'invalid-request'],
  ['an id outside the vocabulary', ask([1, 640]), 'invalid-request'],
  ['an id that is no id', ask([1, -1]), 'invalid-request'],
  ['an empty stop string', ask(prompt, { stop: [''] }), 'invalid-request'],
  ['21 top logprobs', ask(prompt, { topLogprobs: 21 }), 'invalid-request'],
  [
    'a temperature that is no number',
    ask(prompt, { sampling: { temperature: Number.NaN } }),
    'invalid-request',
  ],
  ['a bias outside the vocabulary', ask(prompt, { sampling: { logitBias: [[640, 1]] } }), 'invalid-request'],
  [
    'chat, where the model has no template',
    { ...ask(prompt), prompt: { kind: 'chat' as const, messages: [{ role: 'user', content: 'Hi' }] } },
    'template-error',
  ],
])('%s: refused, and the next request is right', async (_, request, code) => {
  await expect(collect(engine.generate(request))).rejects.toMatchObject({ code });
  expect((await answer(engine, promptIds, { maxTokens: 2 })).ids).toEqual(greedyIds.slice(0, 2));
});
