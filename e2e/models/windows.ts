// A model whose layers with a window hand pages back, beside the same model keeping everything: over many windows
// and pages the two must not differ by a bit, in logits, ids, or what a next turn starts from.

import { openModel, type OpenModel } from '@quern/engine/testing';
import { openDawn } from '@quern/gpu/node';
import type { ByteSource, KvGroupInfo } from '@quern/spec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCase } from './case.ts';
import { answer, ask } from './requests.ts';

export const CONTEXT = 512;
/** What a window of 16 takes: 15 tokens before the row, 32 to step back to and 32 rows, beginning anywhere in a page. */
export const LOCAL = { reach: 'window', reachTokens: 16 } as const;

/** `name`: the case whose texts are used. `groups`: of the cache, at the case's context. */
export function windowTests(
  name: string,
  sources: () => ByteSource[],
  groups: Array<Partial<KvGroupInfo>>,
): void {
  const { promptIds, greedyIds } = readCase(name);
  const words = [...promptIds, ...greedyIds];
  /** `length` tokens that do not repeat within a window; `salt` makes another text of them. */
  const text = (length: number, salt = 0) =>
    Array.from({ length }, (_, i) => words[(i * (1 + Math.floor(i / words.length)) + salt) % words.length]!);

  let windowed: OpenModel;
  let whole: OpenModel;
  beforeAll(async () => {
    const open = async (wholeCache: boolean) =>
      openModel({
        sources: sources(),
        gpu: await openDawn(),
        kv: 'f32',
        contextLength: CONTEXT,
        logitRows: 29,
        chunkRows: 32,
        wholeCache,
      });
    [windowed, whole] = [await open(false), await open(true)];
  });
  afterAll(async () => {
    await windowed?.engine.unload();
    await whole?.engine.unload();
  });

  test('keeps of layers with a window what they reach, of the others the context', () => {
    const { memory } = windowed.engine.info();
    expect(memory.kvGroups).toMatchObject(groups);
    for (const { reach, tokens } of memory.kvGroups) if (reach === 'window') expect(tokens).toBe(128);
    expect(memory.kvBytes).toBe(memory.kvGroups.reduce((sum, { bytes }) => sum + bytes, 0));
    const all = whole.engine.info().memory;
    expect(all.kvGroups).toMatchObject([{ reach: 'all', tokens: CONTEXT }]);
    expect(memory.kvBytes).toBeLessThan(all.kvBytes);
  });

  test('prefill in chunks of an odd size, past many windows', async () => {
    const ids = text(263);
    expect(await windowed.prefillLogits(ids)).toEqual(await whole.prefillLogits(ids));
  });

  test('decode across the edges of pages and windows', async () => {
    const [prompt, next] = [text(167), text(60, 5)];
    expect(await windowed.decodeLogits(prompt, next)).toEqual(await whole.decodeLogits(prompt, next));
  });

  test('losses past many windows', async () => {
    const prompt = { kind: 'ids' as const, ids: text(250, 3) };
    expect(await windowed.engine.perplexity(prompt)).toEqual(await whole.engine.perplexity(prompt));
  });

  describe('turns of a chat', () => {
    const first = text(150);
    const both = async (ids: number[], maxTokens = 12) => {
      const [a, b] = [
        await answer(windowed.engine, ids, { maxTokens }),
        await answer(whole.engine, ids, { maxTokens }),
      ];
      expect(a.ids).toEqual(b.ids);
      return { ids: a.ids, cached: a.usage.cachedTokens, cachedWhole: b.usage.cachedTokens };
    };

    test('the next one goes on where the last ended', async () => {
      const { ids } = await both(first, 20);
      const second = [...first, ...ids, ...text(45, 7)];
      const { ids: more, cached } = await both(second);
      // The last token was sampled; nothing has computed its keys and values.
      expect(cached).toBe(first.length + 20 - 1);
      const third = await both([...second, ...more, 9, 8, 7]);
      expect(third.cached).toBe(second.length + more.length - 1);
    });

    test('one whose end is worded otherwise steps back', async () => {
      const { ids } = await both(text(140, 11), 20);
      const next = await both([...text(140, 11), ...ids.slice(0, 6), 5, 6, 7, 8]);
      expect(next.cached).toBe(146);
    });

    test('one that edits an early message is computed afresh where its window has gone', async () => {
      const ids = text(200, 13);
      await both(ids);
      const edited = await both([...ids.slice(0, 90), ...text(80, 17)]);
      expect([edited.cached, edited.cachedWhole]).toEqual([0, 64]);
      // And again as it was.
      await both(ids);
    });

    test('one that is aborted leaves what was computed', async () => {
      const ids = text(120, 19);
      const abort = new AbortController();
      const seen: number[] = [];
      await expect(
        (async () => {
          for await (const part of windowed.engine.generate(ask(ids, { maxTokens: 60 }), abort.signal)) {
            if (part.type === 'text-delta' && seen.push(...part.ids) === 40) abort.abort();
          }
        })(),
      ).rejects.toMatchObject({ code: 'aborted' });
      const next = await both([...ids, ...seen.slice(0, 30), 1, 2]);
      expect(next.cached).toBe(150);
    });
  });
}
