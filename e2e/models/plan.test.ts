// What a plan chooses and refuses, from headers alone and without a GPU.
import { planLoad, type PlanOptions } from '@quern/engine';
import { type GgufTensor, type GgufValue, memorySource, writeGguf } from '@quern/formats/testing';
import { type Caps, UNKNOWN_ADAPTER } from '@quern/gpu';
import type { ByteSource, LoadPlan, MemoryInfo } from '@quern/spec';
import { describe, expect, test } from 'vitest';
import { caseFolder, caseSource } from './case.ts';

type Asked = Omit<PlanOptions, 'sources'>;
const plan = (name: string, asked: Asked = {}): Promise<LoadPlan> =>
  planLoad({ sources: [caseSource(name)], ...asked });
const total = ({ weightBytes, kvBytes, scratchBytes }: MemoryInfo) => weightBytes + kvBytes + scratchBytes;

function caps(maxStorageBufferBindingSize: number, maxBufferSize = maxStorageBufferBindingSize): Caps {
  const limits = { ...UNKNOWN_ADAPTER.limits, maxStorageBufferBindingSize, maxBufferSize };
  return { ...UNKNOWN_ADAPTER, limits };
}

function gguf(metadata: Record<string, GgufValue>, tensors: GgufTensor[] = []): ByteSource {
  return memorySource(writeGguf({ metadata, tensors }), 'made.gguf');
}

describe('memory that the caller says there is', () => {
  test('shortens the context to what fits, by whole pages', async () => {
    const whole = await plan('arch-llama');
    expect(whole).toMatchObject({ contextLength: 512, kv: 'f16', problems: [] });
    const less = await plan('arch-llama', { memoryBytes: total(whole.memory) - 1 });
    expect(less).toMatchObject({ contextLength: 480, kv: 'f16', problems: [] });
    const page = whole.memory.kvBytes / 16;
    const half = await plan('arch-llama', { memoryBytes: total(whole.memory) - 8 * page });
    expect(half.contextLength).toBeGreaterThanOrEqual(256);
    expect(half.contextLength).toBeLessThanOrEqual(288);
    expect(total(half.memory)).toBeLessThanOrEqual(total(whole.memory) - 8 * page);
  });

  test('turns to q8 for a context that was asked for, unless a type was asked for too', async () => {
    const { memory } = await plan('arch-llama', { contextLength: 512 });
    const memoryBytes = total(memory) - 1;
    const q8 = await plan('arch-llama', { contextLength: 512, memoryBytes });
    expect(q8).toMatchObject({ contextLength: 512, kv: 'q8', problems: [] });
    expect(total(q8.memory)).toBeLessThanOrEqual(memoryBytes);
    const refused = await plan('arch-llama', { contextLength: 512, memoryBytes, kv: 'f16' });
    expect(refused.problems).toMatchObject([
      { code: 'out-of-memory', message: expect.stringMatching(/^A context of 512 .* 480 tokens fit\.$/) },
    ]);
    expect(refused.memory, 'what it would take is told all the same').toEqual(memory);
  });

  test('refuses what is too large at any context, and says which quantisation would do', async () => {
    const memoryBytes = total((await plan('arch-llama', { contextLength: 32 })).memory) - 100_000;
    const { problems, contextLength, memory } = await plan('arch-llama', { memoryBytes });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ code: 'out-of-memory' });
    expect(problems[0]!.message).toMatch(
      /^A context of 32 tokens needs 1\.\d MB \(0\.\d MB of weights, .* this device has 1\.\d MB\. Q8_0 of it would need about 1\.\d MB\.$/,
    );
    expect(contextLength).toBe(512);
    expect(memory.weightBytes).toBeGreaterThan(0);
    const tiny = await plan('arch-llama', { memoryBytes: 1000 });
    expect(tiny.problems[0]!.message).toMatch(/No quantisation of it fits\.$/);
  });
});

describe('limits of an adapter', () => {
  test('bound the context by what a layer binds', async () => {
    // A page of a layer of this model takes 6 KiB.
    const { contextLength, limits, problems } = await plan('arch-llama', { caps: caps(64 * 1024, 2 ** 20) });
    expect({ contextLength, limits, problems }).toEqual({
      contextLength: 320,
      limits: { maxStorageBufferBindingSize: 64 * 1024, maxBufferSize: 2 ** 20 },
      problems: [],
    });
    const asked = { caps: caps(64 * 1024, 2 ** 20), contextLength: 512 };
    expect(await plan('arch-llama', asked)).toMatchObject({ contextLength: 512, kv: 'q8', problems: [] });
    const refused = await plan('arch-llama', { ...asked, kv: 'f32' });
    expect(refused).toMatchObject({
      contextLength: 512,
      problems: [{ code: 'out-of-memory', message: expect.stringContaining('tokens fit') }],
    });
  });

  test('shorten the chunks of a prefill where activations would not bind', async () => {
    const wide = await plan('arch-llama');
    // 256 rows of gate and up are 256 KiB and more.
    const narrow = await plan('arch-llama', { caps: caps(128 * 1024, 2 ** 20) });
    expect(narrow.problems).toEqual([]);
    expect(narrow.memory.scratchBytes).toBeLessThan(wide.memory.scratchBytes);
  });

  test('too small for a row of a weight are refused by its name', async () => {
    const { problems } = await plan('arch-llama', { caps: caps(1024) });
    expect(problems).toMatchObject([{ code: expect.stringMatching(/out-of-memory|webgpu-unavailable/) }]);
  });
});

describe('what cannot run is told, not thrown', () => {
  test('another architecture', async () => {
    const told = await planLoad({ sources: [gguf({ 'general.architecture': ['string', 'mamba'] })] });
    expect(told).toMatchObject({
      architecture: 'mamba',
      contextLength: 0,
      memory: { weightBytes: 0, kvGroups: [] },
      problems: [{ code: 'unsupported-architecture', message: expect.stringContaining('mamba') }, {}],
    });
  });

  test('a type that cannot be decoded', async () => {
    const tensors = [{ name: 'token_embd.weight', type: 9, shape: [4, 32] }];
    const { problems, tensorTypes } = await planLoad({ sources: [gguf({}, tensors)] });
    expect(problems[0]).toMatchObject({ code: 'unsupported-dtype' });
    expect(tensorTypes).toEqual({ q8_1: 1 });
  });

  test('a file without a tokenizer', async () => {
    const folder = caseFolder('arch-gemma3').filter(({ name }) => name !== 'tokenizer.json');
    const { problems, memory } = await planLoad({ sources: folder });
    expect(problems).toMatchObject([{ code: 'unsupported-tokenizer' }]);
    expect(memory.weightBytes).toBeGreaterThan(0);
  });

  test('a context beyond the trained one', async () => {
    const told = await plan('arch-llama', { contextLength: 513 });
    expect(told.problems).toMatchObject([
      { code: 'invalid-request', message: expect.stringContaining('512') },
    ]);
    expect(told.contextLength).toBe(512);
  });
});

test('what is damaged is thrown, and the files are closed', async () => {
  let closed = 0;
  const source: ByteSource = { ...memorySource(new Uint8Array(64)), close: async () => void closed++ };
  await expect(planLoad({ sources: [source] })).rejects.toMatchObject({ code: 'corrupt-file' });
  expect(closed).toBe(1);
});

describe('files', () => {
  const remote = (cachedBytes: number): ByteSource => {
    const { name, byteLength, read, close } = caseSource('arch-llama');
    return { name, byteLength, read, close, origin: 'network', bytesFetched: 0, cachedBytes };
  };

  test('that are here in part, and room for the rest', async () => {
    const source = remote(100_000);
    const storage = { usage: 10, quota: 2 ** 30, persisted: false };
    const told = await planLoad({ sources: [source], storage });
    expect(told).toMatchObject({
      files: [{ name: 'model.gguf', bytes: source.byteLength, cachedBytes: 100_000 }],
      bytes: source.byteLength,
      cachedBytes: 100_000,
      downloadBytes: source.byteLength - 100_000,
      storage,
      fitsStorage: true,
    });
    const full = { ...storage, usage: 2 ** 30 - source.byteLength };
    expect(await planLoad({ sources: [remote(0)], storage: full })).toMatchObject({ fitsStorage: false });
    const whole = remote(source.byteLength);
    expect(await planLoad({ sources: [whole], storage: full })).toMatchObject({ fitsStorage: true });
  });

  test('a folder of the hub is planned without its tokenizer', async () => {
    const read: string[] = [];
    const sources = caseFolder('arch-gemma3').map((source): ByteSource => ({
      ...source,
      origin: 'network',
      cachedBytes: 0,
      read: (...range) => {
        read.push(source.name);
        return source.read(...range);
      },
    }));
    const told = await planLoad({ sources });
    expect(told.problems).toEqual([]);
    expect(new Set(read)).toEqual(new Set(['config.json', 'model.safetensors']));
    expect(told.files).toHaveLength(sources.length);
  });

  test.each([
    [{ 'general.license': 'apache-2.0' }, 'apache-2.0'],
    [{ 'general.license': 'other', 'general.license.name': 'gemma' }, 'gemma'],
    [{ 'general.license.name': 'llama3.1' }, 'llama3.1'],
    [{}, undefined],
  ] as const)('whose licence is told: %o', async (keys, license) => {
    const metadata = Object.fromEntries(
      Object.entries(keys).map(([key, value]): [string, GgufValue] => [key, ['string', value]]),
    );
    // Of whatever architecture.
    metadata['general.architecture'] = ['string', 'mamba'];
    expect((await planLoad({ sources: [gguf(metadata)] })).license).toBe(license);
  });
});
