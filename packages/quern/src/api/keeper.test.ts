import { type ByteSource, QuernError } from '@quern/spec';
import type { OpenModelOptions } from '@quern/store';
import { expect, it } from 'vitest';
import { createKeeper } from './keeper.ts';

const usage = async () => undefined;
const refused = new QuernError('storage-error', 'IndexedDB is refused');

function source(origin: ByteSource['origin']): ByteSource {
  const read = () => Promise.reject(new Error('not read in this test'));
  return { name: 'x', byteLength: 1, origin, bytesFetched: 0, read, close: async () => undefined };
}

it('opens without a cache where there is none, and warns of it if the model would have been kept', async () => {
  const asked: OpenModelOptions[] = [];
  for (const [origin, expected] of [
    ['network', [refused]],
    ['file', []],
  ] as const) {
    const keeper = createKeeper({
      openStore: () => Promise.reject(refused),
      openModel: async (_model, options) => (asked.push(options), [source(origin)]),
      usage,
    });
    const warnings: QuernError[] = [];
    const signal = new AbortController().signal;
    const request = { model: 'm', baseUrl: 'http://page/', token: 'T', hubBaseUrl: 'http://hub/' };
    await keeper.open(request, { onWarning: (warning) => warnings.push(warning), signal });
    expect(warnings).toEqual(expected);
    expect(asked.at(-1)).toMatchObject({ store: undefined, baseUrl: 'http://page/', token: 'T', signal });
    expect(asked.at(-1)!.hubUrl).toBe('http://hub/');
  }
});

it('warns of each kind of trouble once, however many files have it', async () => {
  const keeper = createKeeper({
    openStore: () => Promise.reject(refused),
    openModel: async (_model, { onWarning }) => {
      for (const code of ['storage-full', 'storage-full', 'storage-error'] as const) {
        onWarning?.(new QuernError(code, 'first'));
        onWarning?.(new QuernError(code, 'second'));
      }
      return [];
    },
    usage,
  });
  const warnings: QuernError[] = [];
  await keeper.open({ model: 'm' }, { onWarning: (warning) => warnings.push(warning) });
  expect(warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'storage-full first',
    'storage-error first',
  ]);
});
