import { pageBytes } from '@quern/kernels';
import { describe, expect, test } from 'vitest';
import { chooseContext, lossRows, prefillRows } from './memory-plan.ts';

function config(trainedContextLength: number, layers = 3, kvHeads = 2) {
  const layer = { kvHeads, keyDim: 64, valueDim: 64 };
  return {
    layers,
    heads: 4,
    dim: 256,
    vocabulary: 100,
    trainedContextLength,
    cache: Array.from({ length: layers }, () => layer),
  };
}

/** Of the limits only these two are asked, and how many rows a chunk has. */
function caps(maxStorageBufferBindingSize: number, maxBufferSize = maxStorageBufferBindingSize) {
  return { software: false, limits: { maxStorageBufferBindingSize, maxBufferSize } as never };
}
const ROOMY = caps(2 ** 30);

describe('context', () => {
  test('by default is what the model was trained for, at most 4096', () => {
    expect(chooseContext(config(2048), 'f16', ROOMY, undefined)).toBe(2048);
    expect(chooseContext(config(131072), 'f16', ROOMY, undefined)).toBe(4096);
  });

  test('may be asked for up to the trained length', () => {
    expect(chooseContext(config(8192), 'f16', ROOMY, 8192)).toBe(8192);
    expect(chooseContext(config(8192), 'f16', ROOMY, 1)).toBe(1);
    expect(() => chooseContext(config(8192), 'f16', ROOMY, 8193)).toThrow(
      expect.objectContaining({ code: 'invalid-request', message: expect.stringContaining('8192') }),
    );
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('of %d tokens is refused', (asked) => {
    expect(() => chooseContext(config(8192), 'f16', ROOMY, asked)).toThrow(
      expect.objectContaining({ code: 'invalid-request' }),
    );
  });

  test.each([
    ['binding', (bytes: number) => caps(bytes, 2 ** 30)],
    ['buffer', (bytes: number) => caps(2 ** 30, bytes)],
  ] as const)('shrinks to what a %s holds of a layer', (_, limited) => {
    const page = pageBytes({ type: 'f16', kvHeads: 2, keyDim: 64, valueDim: 64 });
    expect(chooseContext(config(8192), 'f16', limited(page * 10 + 1), undefined)).toBe(320);
    expect(chooseContext(config(8192), 'f16', limited(page * 10), 320)).toBe(320);
    expect(() => chooseContext(config(8192), 'f16', limited(page * 10), 321)).toThrow(
      expect.objectContaining({ code: 'out-of-memory', message: expect.stringContaining('320 tokens fit') }),
    );
  });

  test('without an adapter is bounded by the model alone', () => {
    expect(chooseContext(config(2048), 'f32', undefined, undefined)).toBe(2048);
  });

  test('too small an adapter for one page is refused, not given a context of none', () => {
    expect(() => chooseContext(config(8192), 'f32', caps(1024), undefined)).toThrow(
      expect.objectContaining({ code: 'out-of-memory' }),
    );
  });
});

test.each([
  ['no layers', config(8192, 0)],
  ['no context', config(0)],
])('a model of %s is refused', (_, broken) => {
  for (const asked of [undefined, 0]) {
    expect(() => chooseContext(broken, 'f16', ROOMY, asked)).toThrow(
      expect.objectContaining({ code: asked === undefined ? 'corrupt-file' : 'invalid-request' }),
    );
  }
});

describe('layers with a window', () => {
  /** Five of six layers have it, as in Gemma 3. */
  const gemma = {
    ...config(131072, 6),
    reach: (i: number) => (i < 5 ? ({ kind: 'window', tokens: 512 } as const) : undefined),
  };
  const page = pageBytes({ type: 'f16', kvHeads: 2, keyDim: 64, valueDim: 64 });

  test('bound no context while a binding holds their window', () => {
    const windows = { ...gemma, reach: () => ({ kind: 'window', tokens: 512 }) as const };
    expect(chooseContext(windows, 'f16', caps(page * 34), 131072)).toBe(131072);
    // 511 before the row, 32 to step back to, 512 rows: 34 pages at most. With 33 they keep the whole context or none.
    expect(chooseContext(windows, 'f16', caps(page * 33), undefined)).toBe(1056);
  });

  test('leave the bound to those that see all', () => {
    expect(chooseContext(gemma, 'f16', caps(page * 100), undefined)).toBe(3200);
    expect(() => chooseContext(gemma, 'f16', caps(page * 100), 8192)).toThrow(/3200 tokens fit/);
  });
});

test('a software adapter takes smaller chunks', () => {
  expect([true, false].map((software) => prefillRows({ software }))).toEqual([32, 512]);
  expect(prefillRows(undefined)).toBe(512);
});

test('losses take as many rows at once as 64 MiB or one binding hold of their logits', () => {
  // A vocabulary of Gemma's size.
  expect(lossRows(ROOMY, 262_144, 512)).toBe(64);
  expect(lossRows(caps(2 ** 25), 262_144, 512)).toBe(32);
  expect(lossRows(caps(2 ** 30, 2 ** 25), 262_144, 512)).toBe(32);
  expect(lossRows(ROOMY, 32_000, 512)).toBe(512);
  expect(lossRows(caps(4096), 262_144, 32)).toBe(1);
});
