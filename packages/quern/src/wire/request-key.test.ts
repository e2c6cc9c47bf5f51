import { expect, it } from 'vitest';
import type { LoadRequest } from './host-api.ts';
import { requestKey } from './request-key.ts';

const same = (a: LoadRequest, b: LoadRequest) => requestKey(a) === requestKey(b);
const model = 'https://m/x.gguf';

it('is equal for what one engine can serve, from whatever page', () => {
  expect(same({ model, baseUrl: 'https://page/a' }, { model, baseUrl: 'https://page/b?c' })).toBe(true);
  expect(
    same({ model: './x.gguf', baseUrl: 'https://m/y' }, { model: '/x.gguf', baseUrl: 'https://m/z/' }),
  ).toBe(true);
  expect(same({ model: './x.gguf', baseUrl: 'https://m/' }, { model })).toBe(true);
  expect(
    same({ model: 'owner/name:Q4_K_M', baseUrl: 'https://a/' }, { model: 'hf:owner/name@main:Q4_K_M' }),
  ).toBe(true);
  expect(same({ model, prompt: { kind: 'text', text: 'A' } }, { model })).toBe(true);
  expect(same({ model, token: 'A' }, { model, token: 'B' })).toBe(true);
  expect(
    same(
      { model, variants: { a: '1', b: '2' } },
      {
        model,
        variants: Object.fromEntries([
          ['b', '2'],
          ['a', '1'],
        ]),
      },
    ),
  ).toBe(true);
  expect(same({ model, kv: 'q8', contextLength: 5 }, { contextLength: 5, kv: 'q8', model })).toBe(true);
  expect(same({ model, numerics: 'exact' }, { model })).toBe(true);
  expect(same({ model, kv: undefined, variants: undefined }, { model })).toBe(true);
  const bytes = () => new File(['abc'], 'x.gguf', { lastModified: 5 });
  expect(same({ model: bytes() }, { model: bytes() })).toBe(true);
});

it('differs with everything that makes another engine', () => {
  const requests: LoadRequest[] = [
    { model },
    { model: './x.gguf', baseUrl: 'https://other/' },
    { model: [model, 'https://m/y.gguf'] },
    { model: 'owner/name' },
    { model: 'owner/name:Q8_0' },
    { model, contextLength: 512 },
    { model, kv: 'q8' },
    { model, memoryBytes: 1e9 },
    { model, numerics: 'fast' },
    { model, variants: { gemv: 'thread' } },
    { model, hubBaseUrl: 'https://mirror/' },
    { model: new File(['abc'], 'x.gguf', { lastModified: 5 }) },
    { model: new File(['abcd'], 'x.gguf', { lastModified: 5 }) },
  ];
  expect(new Set(requests.map(requestKey)).size).toBe(requests.length);
});

it('takes no nameless bytes for others', () => {
  const blob = new Blob(['abc']);
  expect(same({ model: blob }, { model: blob })).toBe(false);
});

it('refuses what names no model', () => {
  expect(() => requestKey({ model: 'ftp://m/x.gguf' })).toThrow(/ftp/);
});
