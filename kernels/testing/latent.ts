// Latent attention from the inside: rows appended to a paged cache, then attended by all heads.
import { createTensor, type Gpu, uploadTensor } from '@quern/gpu';
import type { KvType } from '@quern/spec';
import { expect } from 'vitest';
import { attentionRef } from '../attention/attention.ref.ts';
import { attention } from '../attention/attention.ts';
import { type KvShape, PAGE_TOKENS, pageBytes } from '../lib/kv.ts';
import { angleTable, ropeFrequencies } from '../rope-append/angles.ts';
import { ropeRef } from '../rope-append/rope-append.ref.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from './run-op.ts';
import { latentRowRef } from '../latent-append/latent-append.ref.ts';
import { latentAppend } from '../latent-append/latent-append.ts';

export interface LatentCase {
  form: 'thread' | 'tile';
  kv?: KvType;
  heads: number;
  rank: number;
  rotated: number;
  plain: number;
  /** Chunks of one sequence, in turn. */
  chunks: number[];
  splitKeys?: number;
}

const EPSILON = 1e-6;

/** Feeds chunk after chunk; the absorbed part of the queries is given, as head-matmul would write it. */
export async function checkLatent(gpu: Gpu, c: LatentCase): Promise<void> {
  const { heads, rank, rotated, plain, kv: type = 'f32' } = c;
  const keyDim = rank + rotated;
  const shape: KvShape = { type, kvHeads: 1, keyDim, valueDim: rank, latent: true };
  const scale = (plain + rotated) ** -0.5;
  const positions = c.chunks.reduce((a, b) => a + b, 0);
  const pages = Math.ceil(positions / PAGE_TOKENS);
  expect(pageBytes(shape), 'nothing is kept for values').toBe(
    pageBytes({ ...shape, valueDim: 0, latent: false }),
  );
  const frequencies = ropeFrequencies(10000, rotated);
  const turns = angleTable({ rotated, frequencies }, positions);
  const angles = upload(gpu, turns, [turns.length]);
  // Slot 1 of two, pages backwards.
  const table = new Uint32Array(2 * pages).fill(0xffff);
  for (let i = 0; i < pages; i++) table[pages + i] = pages - 1 - i;
  const pageTable = uploadTensor(gpu.device, 'pages', table, [2, pages]);
  const kv = createTensor(gpu.device, 'kv', [(pages * pageBytes(shape)) / 4]);
  gpu.device.queue.writeBuffer(kv.place.buffer, 0, new Uint32Array(kv.byteLength / 4).fill(0x7fc07fc0));
  const weight = randomF32(rank, 3).map((v) => v + 1.5);
  const compressed = randomF32(positions * keyDim, 5).map((v) => v * 2);
  const projected = randomF32(positions * heads * (plain + rotated), 7).map((v) => v * 3);
  const absorbed = randomF32(positions * heads * keyDim, 9).map((v) => v * 2);
  const cached: Float64Array[] = [];
  const expected: number[] = [];
  const actual: number[] = [];
  let start = 0;
  for (const rows of c.chunks) {
    const part = (all: Float32Array, width: number) => all.slice(start * width, (start + rows) * width);
    const step = stepTensor(
      gpu,
      Array.from({ length: rows }, (_, i) => ({ position: start + i, slot: 1 })),
    );
    const q = upload(gpu, part(absorbed, heads * keyDim), [rows, heads * keyDim]);
    const y = poisoned(gpu, [rows, heads * rank]);
    await runOp(
      gpu,
      (rec) => {
        latentAppend(rec, {
          compressed: upload(gpu, part(compressed, keyDim), [rows, keyDim]),
          weight: upload(gpu, weight, [rank]),
          epsilon: EPSILON,
          heads,
          shape,
          projected: upload(gpu, part(projected, heads * (plain + rotated)), [
            rows,
            heads * (plain + rotated),
          ]),
          angles,
          step,
          pageTable,
          kv,
          q,
        });
        attention(rec, {
          q,
          heads,
          shape,
          scale,
          oneSequence: rows > 1,
          keys: start + rows,
          step,
          pageTable,
          kv,
          y,
          ...(c.splitKeys && { splitKeys: c.splitKeys }),
        });
      },
      { attention: c.form },
    );
    for (const value of await readF32(gpu, y)) actual.push(value);
    for (let row = start; row < start + rows; row++) {
      const raw = compressed.subarray(row * keyDim, (row + 1) * keyDim);
      cached.push(latentRowRef(raw, weight, EPSILON, row, frequencies));
      const query = Float64Array.from(absorbed.subarray(row * heads * keyDim, (row + 1) * heads * keyDim));
      for (let h = 0; h < heads; h++) {
        const first = (row * heads + h) * (plain + rotated) + plain;
        const turned = Float64Array.from(projected.subarray(first, first + rotated));
        ropeRef(turned, row, frequencies, 'interleaved');
        query.set(turned, h * keyDim + rank);
      }
      const values = cached.map((key) => key.subarray(0, rank));
      const attended = attentionRef(query, cached, values, {
        heads,
        kvHeads: 1,
        keyDim,
        valueDim: rank,
        scale,
      });
      for (const value of attended) expected.push(value);
    }
    start += rows;
  }
  const bound = { f32: 1e-9, f16: 2e-6, q8: 2e-3 }[type];
  expect(nmse(actual, expected)).toBeLessThanOrEqual(bound);
}
