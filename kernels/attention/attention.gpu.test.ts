// RoPE, append and attention together, as the cache joins them: rows of qkv in, attended rows out.
import { createTensor, type Gpu, type Tensor, uploadTensor } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import type { KvType } from '@quern/spec';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PAGE_TOKENS, pageBytes } from '../lib/kv.ts';
import { angleTable, ropeFrequencies } from '../rope-append/angles.ts';
import { ropeRef } from '../rope-append/rope-append.ref.ts';
import { ropeAppend } from '../rope-append/rope-append.ts';
import { ATTENTION_FORMS, type AttentionForm } from '../testing/attention-forms.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { attentionRef } from './attention.ref.ts';
import { attention, type Reach } from './attention.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

interface Case {
  form: AttentionForm;
  kv?: KvType;
  heads: number;
  kvHeads: number;
  keyDim: number;
  valueDim?: number;
  rotated?: number;
  pairs?: 'interleaved' | 'halves';
  /** Chunks of one sequence, in turn. */
  chunks: number[];
  splitKeys?: number;
  reach?: Reach;
  softcap?: number;
  sinks?: boolean;
  slopes?: boolean;
}

/** Feeds chunk after chunk and compares every row with the twin. */
async function check(c: Case): Promise<void> {
  const { heads, kvHeads, keyDim, kv: type = 'f32', pairs = 'interleaved' } = c;
  const valueDim = c.valueDim ?? keyDim;
  const rotated = c.rotated ?? keyDim;
  const shape = { type, kvHeads, keyDim, valueDim };
  const scale = keyDim ** -0.5;
  const positions = c.chunks.reduce((a, b) => a + b, 0);
  const pages = Math.ceil(positions / PAGE_TOKENS);
  const frequencies = ropeFrequencies(10000, rotated);
  const turns = angleTable({ rotated, frequencies }, positions);
  const angles = upload(gpu, turns, [turns.length]);
  // Pages out of order, slot 1 of two.
  const table = new Uint32Array(2 * pages).fill(0xffff);
  for (let i = 0; i < pages; i++) table[pages + i] = (i * 7 + 3) % pages;
  const order = [...new Set(table.subarray(pages))];
  if (order.length !== pages) for (let i = 0; i < pages; i++) table[pages + i] = pages - 1 - i;
  const pageTable = uploadTensor(gpu.device, 'pages', table, [2, pages]);
  const kv = createTensor(gpu.device, 'kv', [(pages * pageBytes(shape)) / 4]);
  gpu.device.queue.writeBuffer(kv.place.buffer, 0, new Uint32Array(kv.byteLength / 4).fill(0x7fc07fc0));
  const perHead = randomF32(heads, 23).map((v) => v * 3);
  const sinks = c.sinks ? perHead : undefined;
  const slopes = c.slopes ? perHead.map((v) => Math.abs(v) / 10) : undefined;
  const stride = (heads + kvHeads) * keyDim + kvHeads * valueDim;
  const qkv = randomF32(positions * stride, 5).map((v) => v * 2);
  const keys: Float64Array[] = [];
  const values: Float64Array[] = [];
  const rotate = (row: number, first: number) => {
    const head = Float64Array.from(qkv.subarray(row * stride + first, row * stride + first + keyDim));
    ropeRef(head, row, frequencies, pairs);
    return head;
  };
  const expected: number[] = [];
  const actual: number[] = [];
  let start = 0;
  for (const rows of c.chunks) {
    // Pages that no row reaches any more are others' by now: NaN to this one.
    for (let page = 0; (page + 1) * PAGE_TOKENS <= firstKey(c.reach, start); page++) {
      const lost = new Uint32Array(pageBytes(shape) / 4).fill(0x7fc07fc0);
      gpu.device.queue.writeBuffer(kv.place.buffer, table[pages + page]! * lost.byteLength, lost);
    }
    const step = stepTensor(
      gpu,
      Array.from({ length: rows }, (_, i) => ({ position: start + i, slot: 1 })),
    );
    const q = poisoned(gpu, [rows, heads * keyDim]);
    const y = poisoned(gpu, [rows, heads * valueDim]);
    const input = upload(gpu, qkv.slice(start * stride, (start + rows) * stride), [rows, stride]);
    const common: {
      shape: typeof shape;
      heads: number;
      step: Tensor;
      pageTable: Tensor;
      kv: Tensor;
      q: Tensor;
    } = {
      shape,
      heads,
      step,
      pageTable,
      kv,
      q,
    };
    await runOp(
      gpu,
      (rec) => {
        ropeAppend(rec, { ...common, qkv: input, rotated, pairs, angles });
        attention(rec, {
          ...common,
          scale,
          oneSequence: rows > 1,
          keys: start + rows,
          y,
          ...(c.splitKeys && { splitKeys: c.splitKeys }),
          reach: c.reach,
          softcap: c.softcap,
          sinks: sinks && upload(gpu, sinks, [heads]),
          slopes: slopes && upload(gpu, slopes, [heads]),
        });
      },
      ATTENTION_FORMS[c.form],
    );
    actual.push(...(await readF32(gpu, y)));
    for (let row = start; row < start + rows; row++) {
      const parts = (first: number, count: number) =>
        Float64Array.from(
          Array.from({ length: count }, (_, h) => [...rotate(row, first + h * keyDim)]).flat(),
        );
      keys.push(parts(heads * keyDim, kvHeads));
      const at = row * stride + (heads + kvHeads) * keyDim;
      values.push(Float64Array.from(qkv.subarray(at, at + kvHeads * valueDim)));
      const dims = { heads, kvHeads, keyDim, valueDim, scale };
      const first = firstKey(c.reach, row);
      expected.push(
        ...attentionRef(parts(0, heads), keys, values, dims, { first, softcap: c.softcap, sinks, slopes }),
      );
    }
    start += rows;
  }
  const bound = { f32: 1e-9, f16: 1e-6, q8: 5e-4 }[type];
  expect(nmse(actual, expected)).toBeLessThanOrEqual(bound);
}

function firstKey(reach: Reach | undefined, position: number): number {
  if (reach?.kind === 'window') return Math.max(0, position + 1 - reach.tokens);
  return reach ? position - (position % reach.tokens) : 0;
}

describe.each(['thread', 'quad', 'tile'] as const)('attention, %s', (form) => {
  beforeEach((context) => {
    if (form === 'quad' && !gpu.caps.subgroups) context.skip('this adapter has no subgroups');
  });

  test.each(['f32', 'f16', 'q8'] as const)('%s cache: prefill past a page, then decode', async (kv) => {
    await check({ form, kv, heads: 6, kvHeads: 2, keyDim: 64, chunks: [37, 1, 1] });
  });
  test.each([
    [1, 1, 8],
    [3, 1, 24],
    [5, 1, 40],
    [6, 2, 48],
    [7, 1, 80],
    [8, 2, 96],
    [4, 4, 112],
    [2, 1, 128],
    [6, 1, 192],
    [2, 1, 256],
  ])('%i heads over %i of %i values', async (heads, kvHeads, keyDim) => {
    await check({ form, heads, kvHeads, keyDim, chunks: [5, 1], pairs: 'halves' });
  });
  test('keys longer than values, part of them rotated, in q8', async () => {
    await check({
      form,
      kv: 'q8',
      heads: 4,
      kvHeads: 2,
      keyDim: 72,
      valueDim: 40,
      rotated: 32,
      chunks: [3, 1],
    });
  });
  test('decode in splits, at their edges', async () => {
    for (const length of [31, 32, 33, 63, 64, 65, 95]) {
      await check({
        form,
        heads: 3,
        kvHeads: 1,
        keyDim: 16,
        chunks: [length, 1, 1],
        splitKeys: 32,
      });
    }
  });
  test.each([
    [{ kind: 'window', tokens: 1 }, undefined],
    [{ kind: 'window', tokens: 33 }, 64],
    [{ kind: 'window', tokens: 50 }, 32],
    [{ kind: 'chunk', tokens: 40 }, 32],
    [{ kind: 'chunk', tokens: 96 }, undefined],
  ] as const)('a %o, in splits of %s', async (reach, splitKeys) => {
    const chunks = [31, 70, 1, 1];
    const shape = { heads: 3, kvHeads: 1, keyDim: 16, chunks };
    await check({ form, ...shape, reach, ...(splitKeys && { splitKeys }) });
  });
  test.each(['window', 'chunk'] as const)(
    'decode far beyond a %s, at the edges of its splits',
    async (kind) => {
      for (const tokens of [31, 32, 33, 65, 128]) {
        await check({
          form,
          heads: 3,
          kvHeads: 1,
          keyDim: 16,
          chunks: [190, 1, 1, 1, 1],
          reach: { kind, tokens },
          ...(tokens < 128 && { splitKeys: 32 }),
        });
      }
    },
  );
  test.each([undefined, 32])('soft cap, sinks, ALiBi, in splits of %s', async (splitKeys) => {
    const shape = {
      form,
      heads: 4,
      kvHeads: 2,
      keyDim: 16,
      chunks: [45, 1],
      ...(splitKeys && { splitKeys }),
    };
    await check({ ...shape, softcap: 2 });
    await check({ ...shape, sinks: true });
    await check({ ...shape, slopes: true });
  });
  test('a chunk with an odd remainder beyond position 256', async () => {
    await check({ form, heads: 2, kvHeads: 1, keyDim: 8, chunks: [128, 128, 33, 1] });
  });
  test('heads of more values than a quad takes at one time, past its chunk of keys', async () => {
    await check({ form, heads: 5, kvHeads: 1, keyDim: 80, chunks: [131, 1] });
  });
});
