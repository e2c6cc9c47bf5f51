// How the next token is chosen, by the definitions of SamplingOptions, from a real model's logits.

import { openModel, type OpenModel } from '@quern/engine/testing';
import { openDawn } from '@quern/gpu/node';
import type { InferenceEngine, SamplingOptions } from '@quern/spec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { caseSource, readCase } from './case.ts';
import { answer } from './requests.ts';

const { promptIds, greedyIds, logits } = readCase('arch-llama');

let model: OpenModel;
let engine: InferenceEngine;
beforeAll(async () => {
  const sources = [caseSource('arch-llama')];
  model = await openModel({ sources, gpu: await openDawn(), kv: 'f32', contextLength: 128 });
  engine = model.engine;
});
afterAll(() => engine?.unload());

const argmax = (scores: ArrayLike<number>) =>
  Array.from(scores).reduce((best, score, id) => (score > scores[best]! ? id : best), 0);

describe('a seeded draw', () => {
  const drawn = (sampling: Partial<SamplingOptions>) =>
    answer(engine, promptIds, { sampling: { temperature: 1, ...sampling }, maxTokens: 12 });

  test('same seed, same tokens; another seed, others', async () => {
    const first = (await drawn({ seed: 7 })).ids;
    expect((await drawn({ seed: 7 })).ids).toEqual(first);
    expect((await drawn({ seed: 8 })).ids).not.toEqual(first);
    expect(first).not.toEqual(greedyIds.slice(0, 12));
  });

  test('with all filters on, too', async () => {
    const filters = { topK: 40, topP: 0.9, minP: 0.02 };
    const first = (await drawn({ seed: 7, ...filters })).ids;
    expect((await drawn({ seed: 7, ...filters })).ids).toEqual(first);
    expect((await drawn({ seed: 8, ...filters })).ids).not.toEqual(first);
  });

  test.each([
    ['top-k of 1', { topK: 1 }],
    ['a tiny top-p', { topP: 1e-6 }],
    ['a min-p of 1', { minP: 1 }],
  ])('%s is greedy, however hot', async (_, filter) => {
    const { ids } = await drawn({ temperature: 5, seed: 3, ...filter });
    expect(ids).toEqual(greedyIds.slice(0, 12));
  });

  test('a low temperature is nearly greedy, a high one is not', async () => {
    expect((await drawn({ temperature: 0.001 })).ids).toEqual(greedyIds.slice(0, 12));
    expect((await drawn({ temperature: 100 })).ids).not.toEqual(greedyIds.slice(0, 12));
  });

  test('top-k keeps the best k of the reference', async () => {
    const k = 3;
    const best = Array.from(logits[0]!, (_, id) => id)
      .toSorted((a, b) => logits[0]![b]! - logits[0]![a]!)
      .slice(0, k);
    const seen = new Set<number>();
    for (let seed = 0; seed < 24; seed++) {
      const { ids } = await answer(engine, promptIds, {
        sampling: { temperature: 20, topK: k, seed },
        maxTokens: 1,
      });
      seen.add(ids[0]!);
    }
    // At temperature 20 the three are about as likely; 24 draws miss one with a chance below 2e-4.
    expect([...seen].toSorted(), 'drawn').toEqual(best.toSorted());
  });
});

describe('bias', () => {
  test('-100 bans: the second best comes', async () => {
    const scores = Float32Array.from(logits[0]!);
    scores[greedyIds[0]!] = -Infinity;
    const { ids } = await answer(engine, promptIds, {
      sampling: { logitBias: [[greedyIds[0]!, -100]] },
      maxTokens: 1,
    });
    expect(ids).toEqual([argmax(scores)]);
  });

  test('+100 forces, in greedy and in a draw', async () => {
    const logitBias = [[77, 100]] as const;
    expect((await answer(engine, promptIds, { sampling: { logitBias }, maxTokens: 3 })).ids).toEqual([
      77, 77, 77,
    ]);
    const drawn = await answer(engine, promptIds, { sampling: { logitBias, temperature: 1 }, maxTokens: 3 });
    expect(drawn.ids).toEqual([77, 77, 77]);
  });

  test('is gone with its request', async () => {
    expect((await answer(engine, promptIds)).ids).toEqual(greedyIds.slice(0, 8));
  });
});

describe('penalties', () => {
  /** The definition in plain words; logits are the model's own after `prompt` and `generated`. */
  function scores(
    row: Float32Array,
    prompt: readonly number[],
    generated: readonly number[],
    options: Partial<SamplingOptions>,
  ): Float32Array {
    const { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0, logitBias = [] } = options;
    const out = Float32Array.from(row);
    for (const id of new Set([...prompt, ...generated])) {
      out[id] = out[id]! > 0 ? out[id]! / repetitionPenalty : out[id]! * repetitionPenalty;
    }
    for (const id of generated) out[id]! -= frequencyPenalty;
    for (const id of new Set(generated)) out[id]! -= presencePenalty;
    for (const [id, bias] of logitBias) out[id]! += bias;
    return out;
  }

  /** Four tokens that the model would hardly say come up often; one of them stands in the prompt. */
  const logitBias: Array<[number, number]> = [
    [77, 9],
    [promptIds[3]!, 9],
    [greedyIds[0]!, 3],
    [greedyIds[4]!, 3],
  ];

  test.each<[string, Partial<SamplingOptions>]>([
    ['repetition', { repetitionPenalty: 1.8 }],
    ['repetition below 1', { repetitionPenalty: 0.5 }],
    ['frequency', { frequencyPenalty: 1.5 }],
    ['presence', { presencePenalty: 4 }],
    ['all together', { repetitionPenalty: 1.1, frequencyPenalty: 0.7, presencePenalty: 1.1 }],
    ['a reward', { frequencyPenalty: -1, presencePenalty: -1 }],
  ])('%s', async (_, penalties) => {
    const sampling = { ...penalties, logitBias };
    const { ids } = await answer(engine, promptIds, { sampling, maxTokens: 20 });
    const rows = (await model.prefillLogits([...promptIds, ...ids])).slice(promptIds.length - 1);
    let moved = 0;
    ids.forEach((id, i) => {
      const done = ids.slice(0, i);
      const after = scores(rows[i]!, promptIds, done, sampling);
      const best = argmax(after);
      // Prefill and decode sum in another order: a near tie may turn.
      expect(after[best]! - after[id]!, `token ${i}: ${id}, by hand ${best}`).toBeLessThan(1e-3);
      if (id !== argmax(scores(rows[i]!, promptIds, done, { logitBias }))) moved++;
    });
    expect(moved, 'a penalty that changes nothing tests nothing').toBeGreaterThan(0);
  });
});
