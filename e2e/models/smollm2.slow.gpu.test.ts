// SmolLM2-135M-Instruct against llama.cpp with the file's weights in f32: greedy tokens, the 20 best logits of
// each step, loss per token.

import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadEngine } from '@quern/engine';
import { openDawn } from '@quern/gpu/node';
import { GREEDY, type InferenceEngine, type StreamPart } from '@quern/spec';
import { openNodeFile } from '@quern/store/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Reference {
  model_file: string;
  cases: Array<{
    name: string;
    prompt_text: string;
    prompt_ids: number[];
    f32_weights: {
      greedy_ids: number[];
      top1_margins: number[];
      top20: Array<{ ids: number[]; logits: number[]; logsumexp: number }>;
    };
  }>;
  perplexity: { ids: number[]; nll_f32_weights: number[] };
}

const REFERENCE: Reference = JSON.parse(
  readFileSync(new URL('../conformance/real/smollm2.json', import.meta.url), 'utf8'),
);
const MODEL = join(
  process.env['QUERN_CACHE'] ?? join(homedir(), '.cache', 'quern'),
  'models',
  REFERENCE.model_file,
);
/** Of the text whose loss is compared: several chunks of prefill, a dozen pages, half a minute in software. */
const MOST_IDS = 200;

let engine: InferenceEngine;
beforeAll(async () => {
  if (!existsSync(MODEL)) throw new Error(`${MODEL} is missing; npm test fetches it`);
  engine = await loadEngine({ sources: [await openNodeFile(MODEL)], gpu: await openDawn(), kv: 'f32' });
});
afterAll(() => engine?.unload());

async function collect(
  parts: AsyncIterable<StreamPart>,
): Promise<Extract<StreamPart, { type: 'text-delta' }>[]> {
  const deltas = [];
  for await (const part of parts) if (part.type === 'text-delta') deltas.push(part);
  return deltas;
}

describe('SmolLM2-135M-Instruct', () => {
  test.each(REFERENCE.cases)('$name: greedy tokens and logprobs', async ({ prompt_ids, f32_weights }) => {
    const { greedy_ids, top1_margins, top20 } = f32_weights;
    const deltas = await collect(
      engine.generate({
        prompt: { kind: 'ids', ids: prompt_ids },
        sampling: GREEDY,
        maxTokens: greedy_ids.length,
        stop: [],
        ignoreEos: true,
        topLogprobs: 20,
      }),
    );
    let compared = 0;
    for (const [i, { ids, tokens }] of deltas.entries()) {
      const { ids: bestIds, logits, logsumexp } = top20[i]!;
      const mine = new Map(tokens![0]!.top.map(({ id, logprob }) => [id, logprob]));
      bestIds.forEach((id, k) => {
        const logprob = mine.get(id);
        // The last of the list may be another that is nearly as likely.
        if (logprob !== undefined) expect(Math.abs(logprob - (logits[k]! - logsumexp))).toBeLessThan(2e-3);
        else expect(k).toBeGreaterThan(15);
      });
      compared++;
      expect(ids, `step ${i}`).toEqual([greedy_ids[i]]);
      if (top1_margins[i]! < 0.05) break;
    }
    expect(compared).toBeGreaterThan(5);
  });

  test('loss per token', async () => {
    const { ids, nll_f32_weights } = REFERENCE.perplexity;
    const { nll } = await engine.perplexity({ kind: 'ids', ids: ids.slice(0, MOST_IDS) });
    expect(nll).toHaveLength(Math.min(ids.length, MOST_IDS) - 1);
    nll.forEach((value, i) => expect(Math.abs(value - nll_f32_weights[i]!)).toBeLessThan(5e-3));
  });
});
