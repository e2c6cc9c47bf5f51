// Gate, append and convolution together, chunk after chunk over pages, as the cache joins them.
import { createTensor, uploadTensor } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { PAGE_TOKENS, pageBytes } from '../lib/kv.ts';
import { ropeAppend } from '../rope-append/rope-append.ts';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { shortConvRef } from './short-conv.ref.ts';
import { shortConv, shortConvGate } from './short-conv.ts';

test.each([
  ['f32', 3, 48, false],
  ['f32', 5, 16, true],
  ['f16', 3, 64, true],
  ['q8', 4, 64, false],
] as const)('%s pages, %i tokens of %i channels, bias %s', async (type, length, dim, biased) => {
  const gpu = await openTestGpu();
  const keyDim = 8;
  const shape = { type, kvHeads: dim / 16, keyDim, valueDim: keyDim };
  const chunks = [1, 33, 5, 1, 1];
  const tokens = chunks.reduce((a, b) => a + b, 0);
  const pages = Math.ceil(tokens / PAGE_TOKENS);
  const all = randomF32(tokens * 3 * dim, 3);
  const weight = randomF32(dim * length, 4);
  const bias = biased ? randomF32(dim, 5) : undefined;
  const pageTable = uploadTensor(gpu.device, 'pages', Uint32Array.of(9, 9, 1, 0), [2, 2]);
  expect(pages).toBe(2);
  const kv = createTensor(gpu.device, 'kv', [(pages * pageBytes(shape)) / 4]);
  gpu.device.queue.writeBuffer(kv.place.buffer, 0, new Uint32Array(kv.byteLength / 4).fill(0x7fc07fc0));
  const angles = upload(gpu, new Float32Array(4), [4]);
  const actual: number[] = [];
  let start = 0;
  for (const rows of chunks) {
    const common = {
      shape,
      kv,
      pageTable,
      step: stepTensor(
        gpu,
        Array.from({ length: rows }, (_, i) => ({ position: start + i, slot: 1 })),
      ),
    };
    const x = upload(gpu, all.slice(start * 3 * dim, (start + rows) * 3 * dim), [rows, 3 * dim]);
    const gated = poisoned(gpu, [rows, 2 * dim]);
    const q = poisoned(gpu, [rows, dim]);
    const y = poisoned(gpu, [rows, dim]);
    await runOp(gpu, (rec) => {
      shortConvGate(rec, { x, step: common.step, y: gated });
      const heads = dim / keyDim;
      ropeAppend(rec, { ...common, qkv: gated, heads, rotated: 0, pairs: 'halves', angles, q });
      shortConv(rec, {
        ...common,
        c: q,
        weight: upload(gpu, weight, [weight.length]),
        length,
        bias: bias && upload(gpu, bias, [dim]),
        y,
      });
    });
    actual.push(...(await readF32(gpu, y)));
    start += rows;
  }
  const bound = { f32: 1e-10, f16: 1e-6, q8: 5e-4 }[type];
  expect(nmse(actual, shortConvRef(all, dim, length, weight, bias))).toBeLessThanOrEqual(bound);
});
