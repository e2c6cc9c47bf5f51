// Rotated queries in their place, rotated keys and plain values in the cache's pages.
import { f16ToF32 } from '@quern/dtypes';
import { createTensor, type Gpu, readBuffer, uploadTensor } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import type { KvType } from '@quern/spec';
import { beforeAll, describe, expect, test } from 'vitest';
import { type KvShape, PAGE_TOKENS, pageBytes } from '../lib/kv.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { angleTable, ropeFrequencies } from './angles.ts';
import { ropeRef } from './rope-append.ref.ts';
import { ropeAppend } from './rope-append.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

/** Every bit set: what no row of ours looks like. */
const UNTOUCHED = 0xffffffff;
const PAGES = 12;
const TABLE = [5, 0, 7, 2, 11, 4, 9, 1, 10, 3, 8, 6];

interface Case {
  kv: KvType;
  pairs: 'interleaved' | 'halves';
  keyDim: number;
  valueDim: number;
  rotated: number;
  /** Of the live rows; one more row is dead. */
  positions: number[];
  /** A thread takes all heads of a row, or one of them. */
  attention: 'thread' | 'tile';
}

/** Values of row `token` of a page, keys or values, as the pages hold them. */
function readRow(
  words: Uint32Array,
  shape: KvShape,
  page: number,
  head: number,
  token: number,
  keys: boolean,
) {
  const { type, kvHeads, keyDim, valueDim } = shape;
  const rowWords = (dim: number) => ({ f32: dim, f16: dim / 2, q8: dim / 4 + Math.ceil(dim / 32) })[type];
  const dim = keys ? keyDim : valueDim;
  const perHead = PAGE_TOKENS * (rowWords(keyDim) + rowWords(valueDim));
  const first =
    (page * kvHeads + head) * perHead + (keys ? 0 : PAGE_TOKENS * rowWords(keyDim)) + token * rowWords(dim);
  const row = words.slice(first, first + rowWords(dim));
  const view = new DataView(row.buffer);
  return Array.from({ length: dim }, (_, i) => {
    if (type === 'f32') return view.getFloat32(i * 4, true);
    if (type === 'f16') return f16ToF32(view.getUint16(i * 2, true));
    return view.getInt8(i) * view.getFloat32(dim + Math.floor(i / 32) * 4, true);
  });
}

async function check(c: Case): Promise<void> {
  const { pairs, keyDim, valueDim, rotated, positions } = c;
  const [heads, kvHeads] = [3, 1 + (keyDim % 3)];
  const shape: KvShape = { type: c.kv, kvHeads, keyDim, valueDim };
  const frequencies = ropeFrequencies(10000, rotated);
  // Without rotation there are no angles, but a binding needs some bytes.
  const turns = rotated > 0 ? angleTable({ rotated, frequencies }, PAGES * PAGE_TOKENS) : new Float32Array(4);
  const rows = positions.length + 1;
  const stride = (heads + kvHeads) * keyDim + kvHeads * valueDim;
  const input = randomF32(rows * stride, 7).map((value) => value * 3);
  const q = poisoned(gpu, [rows, heads * keyDim]);
  const kv = createTensor(gpu.device, 'kv', [(PAGES * pageBytes(shape)) / 4]);
  gpu.device.queue.writeBuffer(kv.place.buffer, 0, new Uint32Array(kv.byteLength / 4).fill(UNTOUCHED));
  // Slot 1 of two; slot 0's pages are not to be touched.
  const table = new Uint32Array(2 * PAGES).fill(0);
  table.set(TABLE, PAGES);
  await runOp(
    gpu,
    (rec) =>
      ropeAppend(rec, {
        qkv: upload(gpu, input, [rows, stride]),
        heads,
        shape,
        rotated,
        pairs,
        angles: upload(gpu, turns, [turns.length]),
        step: stepTensor(
          gpu,
          [...positions, 40].map((position) => ({ position, slot: 1 })),
          positions.length,
        ),
        pageTable: uploadTensor(gpu.device, 'pages', table, [2, PAGES]),
        kv,
        q,
      }),
    { attention: c.attention },
  );

  const rotate = (row: number, head: number) => {
    const first = row * stride + head * keyDim;
    const values = Float64Array.from(input.subarray(first, first + keyDim));
    ropeRef(values, positions[row]!, frequencies, pairs);
    return [...values];
  };
  const each = <T>(count: number, one: (i: number) => T[]) =>
    Array.from({ length: count }, (_, i) => one(i)).flat();
  const queries = await readF32(gpu, q);
  const live = positions.length * heads * keyDim;
  expect(
    nmse(
      queries.subarray(0, live),
      each(positions.length, (r) => each(heads, (h) => rotate(r, h))),
    ),
  ).toBeLessThan(1e-9);
  expect(queries.subarray(live).every(Number.isNaN), 'the dead row is left alone').toBe(true);

  const words = new Uint32Array((await readBuffer(gpu, kv.place.buffer, 0, kv.byteLength)).buffer);
  const bound = { f32: 1e-9, f16: 1e-6, q8: 5e-5 }[c.kv];
  positions.forEach((position, row) => {
    const page = TABLE[Math.floor(position / PAGE_TOKENS)]!;
    for (let head = 0; head < kvHeads; head++) {
      const at = row * stride + (heads + kvHeads) * keyDim + head * valueDim;
      const token = position % PAGE_TOKENS;
      expect(nmse(readRow(words, shape, page, head, token, true), rotate(row, heads + head))).toBeLessThan(
        bound,
      );
      const value = readRow(words, shape, page, head, token, false);
      expect(nmse(value, input.subarray(at, at + valueDim))).toBeLessThan(bound);
      // What stays f32 is not rotated and so not changed by a bit.
      if (c.kv === 'f32') expect(value).toEqual([...input.subarray(at, at + valueDim)]);
    }
  });
  const touched = words.reduce((count, word) => count + Number(word !== UNTOUCHED), 0);
  expect(touched, 'nothing else in the pages is written').toBe(
    (positions.length * pageBytes(shape)) / 4 / PAGE_TOKENS,
  );
}

const FORMS = (['interleaved', 'halves'] as const).flatMap((pairs) =>
  (['thread', 'tile'] as const).map((attention) => ({ pairs, attention })),
);

describe.each(FORMS)('$pairs pairs, $attention', (form) => {
  test.each(['f32', 'f16', 'q8'] as const)('%s pages', async (kv) => {
    await check({ ...form, kv, keyDim: 64, valueDim: 64, rotated: 64, positions: [0, 1, 31, 32, 33] });
  });
  test.each(['f32', 'f16'] as const)('%s: positions past 256, a table that is no sequence', async (kv) => {
    await check({
      ...form,
      kv,
      keyDim: 32,
      valueDim: 32,
      rotated: 32,
      positions: [255, 256, 257, 300, 383, 17],
    });
  });
  test.each(['f32', 'f16', 'q8'] as const)(
    '%s: part of a head rotated, values of another size',
    async (kv) => {
      await check({ ...form, kv, keyDim: 72, valueDim: 40, rotated: 32, positions: [3, 290] });
    },
  );
  test.each([0, 4, 20, 36])('%i values rotated', async (rotated) => {
    await check({ ...form, kv: 'f32', keyDim: 40, valueDim: 40, rotated, positions: [3, 290] });
  });
});
