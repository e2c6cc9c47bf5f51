// Files that are no model, or not the one they say: a code and words that help, sources closed, the GPU freed.

import { loadEngine, type LoadOptions } from '@quern/engine';
import { openGguf } from '@quern/formats';
import { memorySource } from '@quern/formats/testing';
import { openDawn } from '@quern/gpu/node';
import { type ByteSource, type Prompt, QuernError, type QuernErrorCode } from '@quern/spec';
import { beforeAll, describe, expect, test } from 'vitest';
import { caseSource, readCase } from './case.ts';
import { answer, ask, collect } from './requests.ts';

let whole: Uint8Array;
let entry: GPU;
beforeAll(async () => {
  const source = caseSource('quant-q8_0');
  whole = await source.read(0, source.byteLength);
  entry = await openDawn();
});

/** Devices that were opened through it; `freed` waits for those still on their way. */
function watched(slow = 0): { gpu: GPU; freed(): Promise<boolean[]> } {
  const opened: Array<Promise<GPUDevice>> = [];
  const gpu = {
    wgslLanguageFeatures: entry.wgslLanguageFeatures,
    async requestAdapter(options?: GPURequestAdapterOptions) {
      const adapter = await entry.requestAdapter(options);
      return new Proxy(adapter!, {
        get(target, key) {
          if (key === 'requestDevice') {
            return (descriptor: GPUDeviceDescriptor) => {
              const device = new Promise((resolve) => setTimeout(resolve, slow)).then(() =>
                target.requestDevice(descriptor),
              );
              opened.push(device);
              return device;
            };
          }
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
  } as unknown as GPU;
  const gone = async (device: GPUDevice) =>
    Promise.race([
      device.lost.then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 2000)),
    ]);
  return { gpu, freed: async () => Promise.all((await Promise.all(opened)).map(gone)) };
}

/** Counts how often it is closed; `failAt` fails the read that touches that byte. */
function source(bytes: Uint8Array, failAt = Infinity, error: unknown = undefined) {
  const inner = memorySource(bytes, 'bad.gguf');
  const counted = {
    ...inner,
    closed: 0,
    async read(offset: number, length: number, signal?: AbortSignal) {
      if (offset + length > failAt) throw error;
      return inner.read(offset, length, signal);
    },
    async close() {
      counted.closed++;
    },
  };
  return counted satisfies ByteSource;
}

async function refused(
  file: ReturnType<typeof source>,
  code: QuernErrorCode,
  message: RegExp,
  options: Partial<LoadOptions> = {},
): Promise<void> {
  const { gpu, freed } = watched();
  const error = await loadEngine({ sources: [file], gpu, ...options }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(QuernError.is(error)).toBe(true);
  expect(file.closed, 'sources closed').toBe(1);
  expect(await freed(), 'every device destroyed').not.toContain(false);
}

/** The model with the bytes of one word changed to another of the same length. */
function renamed(from: string, to: string, model = whole): Uint8Array {
  const text = Buffer.from(model);
  const at = text.indexOf(from);
  if (at < 0 || from.length !== to.length) throw new Error(`no ${from} to rename`);
  const bytes = Uint8Array.from(model);
  bytes.set(Buffer.from(to), at);
  return bytes;
}

/** The model with the u32 (or f32 bits) of a metadata key changed. */
function withCount(key: string, value: number): Uint8Array {
  const bytes = Uint8Array.from(whole);
  const at = Buffer.from(whole).indexOf(key) + key.length;
  const view = new DataView(bytes.buffer);
  if (view.getUint32(at, true) !== 4) throw new Error(`${key} is no u32`);
  view.setUint32(at + 4, value, true);
  return bytes;
}

describe('a file that is cut', () => {
  test.each([0, 3, 24, 1000, 30_000])('after %i bytes', async (length) => {
    await refused(source(whole.slice(0, length)), 'corrupt-file', /bad\.gguf/);
  });
  test('in its last tensor', async () => {
    await refused(source(whole.slice(0, -100)), 'corrupt-file', /bad\.gguf/);
  });
});

describe('a file that is something else', () => {
  test('by its first bytes', async () => {
    const bytes = Uint8Array.from(whole);
    bytes.set(Buffer.from('GGML'));
    await refused(source(bytes), 'corrupt-file', /GGUF/);
  });
  test('by its version', async () => {
    const bytes = Uint8Array.from(whole);
    new DataView(bytes.buffer).setUint32(4, 99, true);
    await refused(source(bytes), 'corrupt-file', /99/);
  });
  test('by its architecture: the message says what runs', async () => {
    await refused(source(renamed('llama', 'gemmx')), 'unsupported-architecture', /'gemmx'.*llama/);
  });
});

describe('a model that is not what it says', () => {
  test('a tensor is missing', async () => {
    await refused(
      source(renamed('blk.0.ffn_down.weight', 'blk.0.ffn_dawn.weight')),
      'corrupt-file',
      /blk\.0\.ffn_down\.weight/,
    );
  });
  test('a tensor has another shape', async () => {
    const count = (await openGguf([source(whole)])).tensors.get('blk.0.ffn_gate.weight')!.shape[0]!;
    await refused(
      source(withCount('llama.feed_forward_length', count / 2)),
      'corrupt-file',
      new RegExp(`ffn_(gate|up|down)\\.weight' is .*${count}`),
    );
  });
  test.each([
    ['llama.attention.head_count', 0],
    ['llama.attention.head_count', 7],
    ['llama.attention.head_count_kv', 3],
    ['llama.block_count', 0],
    ['llama.block_count', 40],
    ['llama.context_length', 0],
    ['llama.embedding_length', 0],
    ['llama.embedding_length', 0xffffffff],
    ['llama.rope.dimension_count', 6],
    ['llama.rope.dimension_count', 4096],
  ])('%s is %i', async (key, value) => {
    await refused(source(withCount(key, value)), 'corrupt-file', /./);
  });
});

test('a template that throws refuses the chat in its own words, and the engine goes on', async () => {
  const inner = caseSource('arch-qwen3');
  const model = await inner.read(0, inner.byteLength);
  const throws = renamed(`'<|im_start|>' + message['role']`, `raise_exception('no such role!')`, model);
  const engine = await loadEngine({ sources: [source(throws)], gpu: entry, kv: 'f32' });
  const chat: Prompt = { kind: 'chat', messages: [{ role: 'user', content: 'Hi' }] };
  const { promptIds, greedyIds } = readCase('arch-qwen3');
  await expect(collect(engine.generate({ ...ask(promptIds), prompt: chat }))).rejects.toMatchObject({
    code: 'template-error',
    message: expect.stringMatching(/no such role/),
  });
  expect((await answer(engine, promptIds)).ids).toEqual(greedyIds.slice(0, 8));
  await engine.unload();
});

describe('a request that cannot be met', () => {
  test('more context than the model was trained for', async () => {
    await refused(source(whole), 'invalid-request', /trained/, { contextLength: 1 << 20 });
  });
  test('a variant that does not exist', async () => {
    await refused(source(whole), 'invalid-request', /gemv=/, { variants: { gemv: 'magic' } });
  });
  test('no sources', async () => {
    const { gpu, freed } = watched();
    await expect(loadEngine({ sources: [], gpu })).rejects.toMatchObject({ code: 'invalid-request' });
    expect(await freed()).not.toContain(false);
  });
  test('no adapter', async () => {
    const file = source(whole);
    const gpu = { requestAdapter: async () => null } as unknown as GPU;
    await expect(loadEngine({ sources: [file], gpu })).rejects.toMatchObject({ code: 'webgpu-unavailable' });
    expect(file.closed).toBe(1);
  });
});

test('a header that is refused before the device is there: the device is freed all the same', async () => {
  const { gpu, freed } = watched(100);
  await expect(loadEngine({ sources: [source(whole.slice(0, 10))], gpu })).rejects.toMatchObject({
    code: 'corrupt-file',
  });
  expect(await freed()).toEqual([true]);
});

describe('a source that fails on the way', () => {
  test('keeps its code', async () => {
    const gone = new QuernError('network', 'the server went away');
    await refused(source(whole, whole.length / 2, gone), 'network', /went away/);
  });
  test('with an error that is none of ours', async () => {
    await refused(source(whole, whole.length / 2, new TypeError('boom')), 'internal', /boom/);
  });
  test('that gives less than it says', async () => {
    const file = source(whole);
    const { read } = file;
    file.read = async (offset, length, signal) =>
      (await read(offset, length, signal)).subarray(0, offset > 0 ? length - 1 : length);
    await refused(file, 'corrupt-file', /ends/);
  });
});

describe('an aborted load', () => {
  test('before it began', async () => {
    await refused(source(whole), 'aborted', /abort/i, { signal: AbortSignal.abort() });
  });
  test('while the weights arrive', async () => {
    const abort = new AbortController();
    const file = source(whole);
    const { read } = file;
    let reads = 0;
    file.read = async (offset, length, signal) => {
      if (++reads === 6) abort.abort();
      return read(offset, length, signal);
    };
    await refused(file, 'aborted', /abort/i, { signal: abort.signal });
    expect(reads).toBeLessThan(10);
  });
  test('by an AbortError of its own making', async () => {
    const error = new DOMException('stopped', 'AbortError');
    await refused(source(whole, whole.length / 2, error), 'aborted', /stopped/);
  });
});

test('after all that, a load is right, and an unload frees its device', async () => {
  const { gpu, freed } = watched();
  const file = source(whole);
  const engine = await loadEngine({ sources: [file], gpu, kv: 'f32' });
  expect(file.closed).toBe(1);
  const { promptIds, greedyIds } = readCase('quant-q8_0');
  expect((await answer(engine, promptIds)).ids).toEqual(greedyIds.slice(0, 8));
  await engine.unload();
  expect(await freed()).toEqual([true]);
});
