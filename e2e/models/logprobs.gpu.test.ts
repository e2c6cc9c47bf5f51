// Logprobs are the raw softmax of the logits, whatever the sampler does; equal logits stand by their ids.

import type { InferenceEngine } from '@quern/spec';
import { openGguf } from '@quern/formats';
import { memorySource } from '@quern/formats/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { caseSource, readCase } from './case.ts';
import { answer, loadCase } from './requests.ts';

const { promptIds, greedyIds, steps, logits } = readCase('arch-llama');
/** Gets the output row of the first greedy token, and so its logits; nothing else says it. */
const TWIN = 600;

/** The model file with two equal output rows. */
async function withTwin() {
  const source = caseSource('arch-llama');
  const bytes = await source.read(0, source.byteLength);
  const { tensors } = await openGguf([source]);
  const { offset, byteLength, shape } = tensors.get('output.weight')!;
  const row = byteLength / shape[0]!;
  const at = (id: number) => offset + id * row;
  bytes.copyWithin(at(TWIN), at(greedyIds[0]!), at(greedyIds[0]! + 1));
  return memorySource(bytes, 'twin.gguf');
}

let engine: InferenceEngine;
beforeAll(async () => {
  engine = await loadCase('arch-llama', { sources: [await withTwin()], contextLength: 128 });
});
afterAll(() => engine?.unload());

/** Natural log of the softmax of row k, in f64, with the twin in it. */
function logSoftmax(k: number): number[] {
  const row = Array.from(logits[k]!);
  row[TWIN] = row[greedyIds[0]!]!;
  const most = Math.max(...row);
  const sum = row.reduce((total, logit) => total + Math.exp(logit - most), 0);
  return row.map((logit) => logit - most - Math.log(sum));
}

test('equal log-softmax of the reference, the 20 best in order', async () => {
  const { ids, tokens } = await answer(engine, promptIds, { maxTokens: 32, topLogprobs: 20 });
  expect(ids).toEqual(greedyIds);
  expect(tokens.map(({ id }) => id)).toEqual(ids);
  steps.forEach((step, k) => {
    const expected = logSoftmax(k);
    const { id, logprob, top } = tokens[step]!;
    expect(Math.abs(logprob - expected[id]!)).toBeLessThan(1e-3);
    expect(top).toHaveLength(20);
    for (const other of top) expect(Math.abs(other.logprob - expected[other.id]!)).toBeLessThan(1e-3);
    const least = top.at(-1)!.logprob;
    expect(expected.filter((value) => value > least + 1e-3).length).toBeLessThanOrEqual(20);
    top.slice(1).forEach((token, i) => {
      const before = top[i]!;
      const inOrder =
        before.logprob > token.logprob || (before.logprob === token.logprob && before.id < token.id);
      expect(inOrder, `step ${step}: ${before.id} before ${token.id}`).toBe(true);
    });
    expect(new Set(top.map((token) => token.id)).size).toBe(20);
  });
});

test('a tie goes to the lower id, in the choice and in the list', async () => {
  const { tokens } = await answer(engine, promptIds, { maxTokens: 1, topLogprobs: 2 });
  const [first, second] = tokens[0]!.top;
  expect(TWIN).toBeGreaterThan(greedyIds[0]!);
  expect([first!.id, second!.id]).toEqual([greedyIds[0], TWIN]);
  expect(first!.logprob).toBe(second!.logprob);
});

test('are of the raw logits: bias, penalties and temperature do not show', async () => {
  const plain = await answer(engine, promptIds, { maxTokens: 1, topLogprobs: 20 });
  const bent = await answer(engine, promptIds, {
    maxTokens: 1,
    topLogprobs: 20,
    sampling: { temperature: 0.3, repetitionPenalty: 2, logitBias: [[5, 100]] },
  });
  expect(bent.ids).toEqual([5]);
  const near = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThan(1e-4);
  bent.tokens[0]!.top.forEach(({ id, logprob }, i) => {
    expect(id).toBe(plain.tokens[0]!.top[i]!.id);
    near(logprob, plain.tokens[0]!.top[i]!.logprob);
  });
  near(bent.tokens[0]!.logprob, logSoftmax(0)[5]!);
});

test('0 asks for the chosen token alone, undefined for none', async () => {
  const alone = await answer(engine, promptIds, { maxTokens: 3, topLogprobs: 0 });
  expect(alone.tokens.map(({ id, top }) => [id, top])).toEqual(greedyIds.slice(0, 3).map((id) => [id, []]));
  expect(alone.tokens.every(({ logprob }) => logprob < 0)).toBe(true);
  const none = await answer(engine, promptIds, { maxTokens: 3 });
  expect(none.parts.some((part) => 'tokens' in part)).toBe(false);
  expect(none.ids).toEqual(alone.ids);
});

test('every token tells its bytes, and together they are the text', async () => {
  const { text, tokens } = await answer(engine, promptIds, { maxTokens: 16, topLogprobs: 3 });
  expect(new TextDecoder().decode(Uint8Array.from(tokens.flatMap(({ bytes }) => bytes)))).toBe(text);
  for (const { id, bytes, top } of tokens) expect(top.find((other) => other.id === id)?.bytes).toEqual(bytes);
});
