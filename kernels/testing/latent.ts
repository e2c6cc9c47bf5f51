// Latent attention from the inside: rows appended to a paged cache, then attended by all heads.
import { createTensor, type Gpu, uploadTensor } from '@quern/gpu';
import type { KvType } from '@quern/spec';
import { expect } from 'vitest';
import { attentionRef } from '../attention/attention.ref.ts';
import { attention } from '../attention/attention.ts';
import { type KvShape, PAGE_TOKENS, pageBytes } from '../lib/kv.ts';
import { angleTable, ropeFrequencies } from '../rope-append/angles.ts';
import { ropeRef } from '../rope-append/rope-append.ref.ts';
import { ATTENTION_FORMS, type AttentionForm } from './attention-forms.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from './run-op.ts';
import { latentRowRef } from '../latent-append/latent-append.ref.ts';
import { latentAppend } from '../latent-append/latent-append.ts';

export interface LatentCase {
  form: AttentionForm;
  kv?: KvType;
  heads: number;
  rank: number;
  rotated: number;
  plain: number;
  /** Chunks of one sequence, in turn. */
  chunks: number[];
  /** Positions that are then computed again, each as a sequence of its own. */
  alone?: number[];
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
  // Two slots with the same pages, backwards.
  const table = Uint32Array.from({ length: 2 * pages }, (_, i) => pages - 1 - (i % pages));
  const pageTable = uploadTensor(gpu.device, 'pages', table, [2, pages]);
  const kv = createTensor(gpu.device, 'kv', [(pages * pageBytes(shape)) / 4]);
  gpu.device.queue.writeBuffer(kv.place.buffer, 0, new Uint32Array(kv.byteLength / 4).fill(0x7fc07fc0));
  const weight = randomF32(rank, 3).map((v) => v + 1.5);
  const compressed = randomF32(positions * keyDim, 5).map((v) => v * 2);
  const projected = randomF32(positions * heads * (plain + rotated), 7).map((v) => v * 3);
  const absorbed = randomF32(positions * heads * keyDim, 9).map((v) => v * 2);
  const expected = expectedRows();
  let start = 0;
  for (const rows of c.chunks) {
    await checkRows(
      Array.from({ length: rows }, (_, i) => ({ position: start + i, slot: 1 })),
      rows > 1,
    );
    start += rows;
  }
  // Once more, each row a sequence that ends there; what they append is what is there.
  if (c.alone)
    await checkRows(
      c.alone.map((position, i) => ({ position, slot: i % 2 })),
      false,
    );

  async function checkRows(rows: Array<{ position: number; slot: number }>, oneSequence: boolean) {
    const count = rows.length;
    const part = (all: Float32Array, width: number) => {
      const picked = rows.map(({ position }) => [...all.subarray(position * width, (position + 1) * width)]);
      return upload(gpu, Float32Array.from(picked.flat()), [count, width]);
    };
    const step = stepTensor(gpu, rows);
    const q = part(absorbed, heads * keyDim);
    const y = poisoned(gpu, [count, heads * rank]);
    const common = { heads, shape, step, pageTable, kv, q };
    await runOp(
      gpu,
      (rec) => {
        latentAppend(rec, {
          ...common,
          compressed: part(compressed, keyDim),
          weight: upload(gpu, weight, [rank]),
          epsilon: EPSILON,
          projected: part(projected, heads * (plain + rotated)),
          angles,
        });
        attention(rec, {
          ...common,
          scale,
          oneSequence,
          keys: Math.max(...rows.map(({ position }) => position)) + 1,
          y,
          ...(c.splitKeys && { splitKeys: c.splitKeys }),
        });
      },
      ATTENTION_FORMS[c.form],
    );
    const wanted = rows.flatMap(({ position }) => [...expected[position]!]);
    const bound = { f32: 1e-9, f16: 2e-6, q8: 2e-3 }[type];
    expect(nmse(await readF32(gpu, y), wanted)).toBeLessThanOrEqual(bound);
  }

  /** Attended rows in f64, by position. */
  function expectedRows(): Float64Array[] {
    const cached: Float64Array[] = [];
    return Array.from({ length: positions }, (_, row) => {
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
      return attentionRef(query, cached, values, { heads, kvHeads: 1, keyDim, valueDim: rank, scale });
    });
  }
}
