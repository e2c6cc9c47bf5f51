import { expect, test, vi } from 'vitest';
import type { CachedModel } from './engine.ts';
import { filesModel, isCachedAs, offeredModels, typedModel } from './models.ts';

const cached = (model: string, name = model): CachedModel => ({
  id: model,
  name,
  model,
  files: [],
  bytes: 1,
  storedBytes: 1,
  complete: true,
  lastUsed: 0,
});

test('a choice and what the cache has of it', () => {
  const hub = typedModel('owner/name:Q8_0');
  expect(isCachedAs(hub, cached('owner/name@main:Q8_0', 'owner/name:Q8_0'))).toBe(true);
  expect(isCachedAs(hub, cached('owner/name@main:Q4_0', 'owner/name:Q4_0'))).toBe(false);
  expect(isCachedAs(filesModel([new File(['x'], 'a.gguf')])!, cached('a.gguf'))).toBe(false);
});

test('files become one model: parts in order, named by the first that holds weights', () => {
  const files = ['tokenizer.json', 'm-00010-of-00010.gguf', 'm-00002-of-00010.gguf'];
  const model = filesModel(files.map((name) => new File(['x'], name)))!;
  expect(model).toMatchObject({ label: 'm-00002-of-00010', bytes: 3 });
  expect((model.source as File[]).map(({ name }) => name)).toEqual([files[2], files[1], files[0]]);
  expect(filesModel([])).toBeUndefined();
});

test('without a server there is still something to choose', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
  try {
    const offered = await offeredModels();
    expect(offered[0]?.label).toBe('SmolLM2-135M-Instruct.Q4_1');
    expect(new Set(offered.map(({ source }) => source)).size).toBe(offered.length);
    expect(offered.every(({ license, bytes }) => license && bytes > 0)).toBe(true);
  } finally {
    vi.unstubAllGlobals();
  }
});
