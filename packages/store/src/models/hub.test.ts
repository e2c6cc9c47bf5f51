import { expect, it } from 'vitest';
import { resolveHub } from './hub.ts';
import { classifyRef } from './model-ref.ts';
import type { HubRef } from './model-ref.ts';

const SHA = 'ab'.repeat(32);
const TREE = [
  { type: 'directory', path: 'sub', size: 0 },
  { type: 'file', path: 'README.md', size: 10 },
  { type: 'file', path: 'm-Q4_K_M.gguf', size: 100, lfs: { oid: SHA, size: 100 } },
  { type: 'file', path: 'm-Q8_0-00001-of-00002.gguf', size: 200 },
  { type: 'file', path: 'm-Q8_0-00002-of-00002.gguf', size: 50 },
  { type: 'file', path: 'sub/a b-F16.gguf', size: 300 },
  { type: 'file', path: '../evil-Q4_K_M.gguf', size: 300 },
];

function hub(text: string): HubRef {
  const kind = classifyRef(text);
  if (kind.kind !== 'hub') throw new Error('not a hub id');
  return kind.hub;
}

function fakeFetch(answer: (url: string) => Response) {
  const calls: Array<{ url: string; headers: Record<string, string> }> = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    calls.push({ url: String(input), headers: init?.headers as Record<string, string> });
    return answer(String(input));
  };
  return { calls, fetch };
}

const listing = (): Response => Response.json(TREE);

it('resolves the default quantisation', async () => {
  const { calls, fetch } = fakeFetch(listing);
  const files = await resolveHub(hub('a/b'), { fetch });
  expect(files).toEqual([
    {
      path: 'm-Q4_K_M.gguf',
      url: 'https://huggingface.co/a/b/resolve/main/m-Q4_K_M.gguf',
      key: 'hub:a/b@main/m-Q4_K_M.gguf',
      byteLength: 100,
      sha256: SHA,
    },
  ]);
  expect(calls.map(({ url }) => url)).toEqual([
    'https://huggingface.co/api/models/a/b/tree/main?recursive=true',
  ]);
});

it('resolves all parts, a revision, a mirror, with a token', async () => {
  const { calls, fetch } = fakeFetch(listing);
  const options = { fetch, hubUrl: 'https://mirror.example/hf/', token: 'T', headers: { 'x-a': '1' } };
  const files = await resolveHub(hub('a/b@refs/pr/3:q8_0'), options);
  expect(files.map(({ url, key }) => `${url} ${key}`)).toEqual([
    'https://mirror.example/hf/a/b/resolve/refs%2Fpr%2F3/m-Q8_0-00001-of-00002.gguf hub:a/b@refs/pr/3/m-Q8_0-00001-of-00002.gguf',
    'https://mirror.example/hf/a/b/resolve/refs%2Fpr%2F3/m-Q8_0-00002-of-00002.gguf hub:a/b@refs/pr/3/m-Q8_0-00002-of-00002.gguf',
  ]);
  expect(calls[0]?.headers).toEqual({ authorization: 'Bearer T', 'x-a': '1' });
  expect(calls[0]?.url).toBe('https://mirror.example/hf/api/models/a/b/tree/refs%2Fpr%2F3?recursive=true');
});

it('resolves a quantisation that this device can take, and says where none can be', async () => {
  const { fetch } = fakeFetch(listing);
  const warnings: string[] = [];
  const resolve = async (maxBytes: number | undefined, text = 'a/b'): Promise<string[]> => {
    const onWarning = (warning: { code: string; message: string }): void =>
      void warnings.push(`${warning.code}: ${warning.message}`);
    const files = await resolveHub(hub(text), { fetch, maxBytes: async () => maxBytes, onWarning });
    return files.map(({ path }) => path);
  };
  expect(await resolve(undefined)).toEqual(['m-Q4_K_M.gguf']);
  expect(await resolve(100)).toEqual(['m-Q4_K_M.gguf']);
  expect(warnings).toEqual([]);
  expect(await resolve(99)).toEqual(['m-Q4_K_M.gguf']);
  expect(warnings).toEqual([
    'out-of-memory: no quantisation of a/b@main fits into the 0.0 GB that this device has for it; ' +
      'the smallest, Q4_K_M with 0.0 GB, is taken',
  ]);
  // Who names one has it.
  expect((await resolve(99, 'a/b:F16')).length).toBe(1);
  expect(warnings.length).toBe(1);
});

it('resolves a named file, with its other parts', async () => {
  const { fetch } = fakeFetch(listing);
  const [file] = await resolveHub(hub('a/b/sub/a b-F16.gguf'), { fetch });
  expect(file?.url).toBe('https://huggingface.co/a/b/resolve/main/sub/a%20b-F16.gguf');
  expect((await resolveHub(hub('a/b/m-Q8_0-00002-of-00002.gguf'), { fetch })).length).toBe(2);
});

it('follows pages on the hub, and not elsewhere', async () => {
  const { calls, fetch } = fakeFetch((url) => {
    if (url.includes('cursor=2')) {
      return Response.json(TREE.slice(3), {
        headers: { link: '<https://elsewhere.example/steal>; rel="next"' },
      });
    }
    const link = '<https://huggingface.co/api/models/a/b/tree/main?recursive=true&cursor=2>; rel="next"';
    return Response.json(TREE.slice(0, 3), { headers: { link } });
  });
  expect((await resolveHub(hub('a/b:F16'), { fetch })).map(({ path }) => path)).toEqual(['sub/a b-F16.gguf']);
  expect(calls.length).toBe(2);
});

it('stops at a listing without end', async () => {
  const { fetch } = fakeFetch((url) => Response.json([], { headers: { link: `<${url}>; rel="next"` } }));
  await expect(resolveHub(hub('a/b'), { fetch })).rejects.toMatchObject({ code: 'network' });
});

it.each([
  ['a/b:Q2_K', listing, 'not-found', /no Q2_K; there are: Q4_K_M, Q8_0, F16/],
  ['a/b/x.gguf', listing, 'not-found', /no x.gguf; there are: m-Q4_K_M.gguf, .*sub\/a b-F16.gguf/],
  ['a/b', () => new Response('', { status: 404 }), 'not-found', /no model a\/b@main on the hub/],
  ['a/b', () => new Response('', { status: 401 }), 'not-found', /private or gated and needs a token/],
  ['a/b', () => new Response('<html>'), 'network', /no file listing: is this a hub/],
  ['a/b', () => Response.json({ error: 1 }), 'network', /no file listing/],
  ['a/b', () => new Response('', { status: 503 }), 'network', /HTTP 503; gave up after 2 tries/],
])('%s: says what is wrong (%#)', async (text, answer, code, message) => {
  const { fetch } = fakeFetch(answer);
  const failing = resolveHub(hub(text), { fetch, retry: { tries: 2, baseMs: 1 } });
  await expect(failing).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

it('is aborted by the signal', async () => {
  const { fetch } = fakeFetch(listing);
  const failing = resolveHub(hub('a/b'), { fetch, signal: AbortSignal.abort() });
  await expect(failing).rejects.toMatchObject({ code: 'aborted' });
});
