// Requests that meet an end of the context, an abort, each other, or an unload.

import type { GenerateRequest, InferenceEngine, StreamPart } from '@quern/spec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCase } from './case.ts';
import { type Answer, answer, ask, collect, loadCase } from './requests.ts';

const { promptIds, greedyIds } = readCase('arch-llama');
const CONTEXT = 96;

let engine: InferenceEngine;
beforeAll(async () => {
  engine = await loadCase('arch-llama', { contextLength: CONTEXT });
});
afterAll(() => engine?.unload());

/** The engine is as it was. */
async function expectRight(): Promise<void> {
  expect((await answer(engine, promptIds)).ids).toEqual(greedyIds.slice(0, 8));
}

/** Parts until the stream throws, which it must. */
async function untilThrown(
  stream: AsyncIterable<StreamPart>,
  on: (part: StreamPart) => void = () => undefined,
) {
  const parts: StreamPart[] = [];
  try {
    for await (const part of stream) {
      parts.push(part);
      on(part);
    }
  } catch (error) {
    return { parts, error };
  }
  throw new Error(`the stream ended by itself after ${parts.length} parts`);
}

describe('the end of the context', () => {
  test('a prompt that is too long is refused with both numbers', async () => {
    const long = Array.from({ length: CONTEXT + 1 }, () => 5);
    const { parts, error } = await untilThrown(engine.generate(ask(long)));
    expect(error).toMatchObject({ code: 'context-overflow', message: expect.stringMatching(/97.*96/) });
    expect(parts).toEqual([]);
    await expect(engine.perplexity({ kind: 'ids', ids: long })).rejects.toMatchObject({
      code: 'context-overflow',
    });
    await expectRight();
  });

  test('a prompt that exactly fills it gets one token, which needs no place', async () => {
    const full = [...promptIds, ...greedyIds].slice(0, CONTEXT);
    const { ids, reason } = await answer(engine, full, { maxTokens: 100 });
    expect([ids, reason]).toEqual([[greedyIds[CONTEXT - promptIds.length]], 'length']);
    await expectRight();
  });

  test('without maxTokens it goes on to the end', async () => {
    const { maxTokens: _, ...request } = ask(promptIds);
    const { ids, reason } = await collect(engine.generate(request));
    expect([ids, reason]).toEqual([greedyIds.slice(0, CONTEXT - promptIds.length + 1), 'length']);
    await expectRight();
  });

  test('perplexity takes a text as long as the context', async () => {
    const { nll } = await engine.perplexity({
      kind: 'ids',
      ids: [...promptIds, ...greedyIds].slice(0, CONTEXT),
    });
    expect(nll).toHaveLength(CONTEXT - 1);
    await expectRight();
  });
});

describe('an abort', () => {
  test('before the request', async () => {
    const { parts, error } = await untilThrown(engine.generate(ask(promptIds), AbortSignal.abort()));
    expect([parts, error]).toMatchObject([[], { code: 'aborted' }]);
    await expectRight();
  });

  test('while the prompt is computed', async () => {
    const abort = new AbortController();
    const long = Array.from({ length: CONTEXT }, (_, i) => 30 + i);
    const { parts, error } = await untilThrown(engine.generate(ask(long), abort.signal), () => abort.abort());
    expect(parts.map(({ type }) => type)).toEqual(['prompt-start']);
    expect(error).toMatchObject({ code: 'aborted' });
    await expectRight();
  });

  test('between tokens: not one more comes', async () => {
    const abort = new AbortController();
    const { parts, error } = await untilThrown(
      engine.generate(ask(promptIds, { maxTokens: 20 }), abort.signal),
      (part) => {
        if (part.type === 'text-delta' && part.ids[0] === greedyIds[2]) abort.abort();
      },
    );
    expect(parts).toHaveLength(4);
    expect(error).toMatchObject({ code: 'aborted' });
    await expectRight();
  });

  test('of a loss', async () => {
    const abort = new AbortController();
    const loss = engine.perplexity({ kind: 'ids', ids: promptIds }, abort.signal);
    setTimeout(() => abort.abort(), 0);
    await expect(loss).rejects.toMatchObject({ code: 'aborted' });
    await expectRight();
  });

  test('carries its reason', async () => {
    const abort = new AbortController();
    abort.abort(new Error('the user left'));
    const { error } = await untilThrown(engine.generate(ask(promptIds), abort.signal));
    expect(error).toMatchObject({ code: 'aborted', message: 'the user left' });
  });
});

describe('an iterator returned early', () => {
  test.each([0, 1, 2, 4])('after %i parts', async (count) => {
    const stream = engine.generate(ask(promptIds, { maxTokens: 20 }))[Symbol.asyncIterator]();
    for (let i = 0; i < count; i++) expect((await stream.next()).done).toBe(false);
    expect(await stream.return?.()).toEqual({ done: true, value: undefined });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    await expectRight();
  });

  test('that never began holds nobody up', async () => {
    engine.generate(ask(promptIds));
    await expectRight();
  });
});

describe('two requests at once', () => {
  test('are served in turn, in the order they came', async () => {
    const order: string[] = [];
    async function* noted(name: string, request: GenerateRequest) {
      for await (const part of engine.generate(request)) {
        order.push(name);
        yield part;
      }
    }
    const other = promptIds.slice(0, 20);
    const alone = (await answer(engine, other)).ids;
    const [a, b, c] = (await Promise.all([
      collect(noted('a', ask(promptIds))),
      collect(noted('b', ask(other))),
      collect(noted('c', ask(promptIds))),
    ])) as [Answer, Answer, Answer];
    expect(order.join('')).toMatch(/^a{10}b{10}c{10}$/);
    expect([a.ids, b.ids, c.ids]).toEqual([greedyIds.slice(0, 8), alone, greedyIds.slice(0, 8)]);
  });

  test('one that is aborted while it waits leaves at once, and the third still comes', async () => {
    const first = engine.generate(ask(promptIds))[Symbol.asyncIterator]();
    await first.next();
    const abort = new AbortController();
    const second = untilThrown(engine.generate(ask(promptIds), abort.signal));
    const third = answer(engine, promptIds);
    abort.abort();
    // The first still has its turn.
    expect((await second).error).toMatchObject({ code: 'aborted' });
    await first.return?.();
    expect((await third).ids).toEqual(greedyIds.slice(0, 8));
  });

  test('a loss waits its turn, too', async () => {
    const [{ ids }, { nll }] = await Promise.all([
      answer(engine, promptIds),
      engine.perplexity({ kind: 'ids', ids: promptIds }),
    ]);
    expect(ids).toEqual(greedyIds.slice(0, 8));
    expect(nll).toHaveLength(promptIds.length - 1);
  });
});

// The last: the engine is gone after it.
test('an unload ends the request that runs and those that wait; later calls are refused', async () => {
  const running = engine.generate(ask(promptIds, { maxTokens: 20 }))[Symbol.asyncIterator]();
  await running.next();
  await running.next();
  const waiting = untilThrown(engine.generate(ask(promptIds)));
  await engine.unload();
  // Nobody listens to the steps in flight meanwhile: that must not be an unhandled rejection.
  await new Promise((resolve) => setTimeout(resolve, 50));
  // What was read back before may still come.
  const rest = async () => {
    while (!(await running.next()).done);
  };
  await expect(rest()).rejects.toMatchObject({ code: 'unloaded' });
  expect((await waiting).error).toMatchObject({ code: 'unloaded' });
  await engine.unload();
  const bench = engine.bench({ promptTokens: [4], decodeTokens: 0, depths: [], repetitions: 1 });
  const calls = [
    collect(engine.generate(ask(promptIds))),
    engine.perplexity({ kind: 'ids', ids: promptIds }),
    engine.profile('decode'),
    bench[Symbol.asyncIterator]().next(),
  ];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'unloaded' });
});

test('an unload while a prompt is computed', async () => {
  const other = await loadCase('arch-llama', { contextLength: 512 });
  const long = Array.from({ length: 512 }, (_, i) => 3 + (i % 600));
  const run = untilThrown(other.generate(ask(long)), (part) => {
    if (part.type === 'prompt-start') setTimeout(() => void other.unload(), 20);
  });
  expect((await run).error).toMatchObject({ code: 'unloaded' });
});
