// A GGUF of 5 GB with tensors of 2.5 GB through the registry and the weight stream, onto a device that keeps nothing
// and looks at all it is given: every byte at its place, a strip at a time.

import { openGguf } from '@quern/formats';
import { sparseByte, sparseSource, writeGguf } from '@quern/formats/testing';
import { dryGpu, type Gpu, UNKNOWN_ADAPTER } from '@quern/gpu';
import { WeightRegistry } from '@quern/models';
import { ByteBudget } from '@quern/store';
import { streamWeights } from './weight-stream.ts';
import { expect, test, vi } from 'vitest';

/** Of 2 560 f32 values, which lie on the GPU as they do in the file. */
const ROW = 10_240;
const ROWS = 244_141;
const LARGE = ROW * ROWS;
const GIB = 2 ** 30;

vi.stubGlobal('GPUBufferUsage', { MAP_READ: 1, COPY_DST: 8 });
vi.stubGlobal('GPUMapMode', { READ: 1 });

interface Part {
  readonly label: string;
  readonly size: number;
  /** Where its bytes lie in the file. */
  start: number;
  written: number;
}

test('5 GB in strips, 2.5 GB a tensor in parts of a gigabyte', { timeout: 300_000 }, async () => {
  const nothing = new Uint8Array(0);
  const head = writeGguf({
    tensors: ['a.weight', 'b.weight'].map((name, i) => ({
      name,
      type: 'f32',
      shape: [ROWS, ROW / 4],
      offset: i * LARGE,
      bytes: nothing,
    })),
  });
  const source = sparseSource(head, head.length + 2 * LARGE);
  const { tensors, sources } = await openGguf([source]);
  const headers = source.reads.length;
  const { gpu, parts } = watchingGpu();
  const weights = new WeightRegistry(gpu, tensors);
  for (const name of ['a.weight', 'b.weight']) weights.linear(name, ROW / 4, [[name, ROWS]]);
  // Where each part begins: parts follow one another in the order of their rows.
  let start = head.length;
  for (const part of parts) [part.start, start] = [start, start + part.size];
  expect(parts.map(({ label }) => label)).toEqual([
    ...Array(3).fill('a.weight'),
    ...Array(3).fill('b.weight'),
  ]);
  expect(start).toBe(source.byteLength);

  const budget = new ByteBudget();
  await streamWeights({ gpu, sources, weights, budget });
  expect(parts.map(({ written }) => written)).toEqual(parts.map(({ size }) => size));
  const strips = source.reads.slice(headers);
  expect(Math.max(...strips.map(({ length }) => length))).toBeLessThanOrEqual(2 ** 21);
  expect(strips.at(-1)!.offset + strips.at(-1)!.length).toBe(source.byteLength);
  expect(budget.most).toBeLessThanOrEqual(budget.limit);
});

/** Looks at the ends of what is written, and at a byte of each page between them. */
function watchingGpu(): { gpu: Gpu; parts: Part[] } {
  const parts: Part[] = [];
  const caps = {
    ...UNKNOWN_ADAPTER,
    limits: { ...UNKNOWN_ADAPTER.limits, maxStorageBufferBindingSize: GIB, maxBufferSize: GIB },
  };
  const dry = dryGpu(caps);
  const device = {
    createBuffer({ label, size }: { label: string; size: number }): object {
      const part = { label, size, start: 0, written: 0 };
      if (label !== 'samples') parts.push(part);
      const memory = new Uint8Array(label === 'samples' ? size : 0);
      const mapping = { mapAsync: async () => undefined, getMappedRange: () => memory.buffer, memory };
      return Object.assign(part, mapping, { destroy: () => undefined });
    },
    createCommandEncoder: () => ({
      copyBufferToBuffer(from: Part, at: number, to: { memory: Uint8Array }, offset: number, length: number) {
        for (let i = 0; i < length; i++) to.memory[offset + i] = sparseByte(from.start + at + i);
      },
      finish: () => ({}),
    }),
    queue: {
      writeBuffer(part: Part, offset: number, bytes: Uint8Array) {
        expect(offset, 'strips come in order').toBe(part.written);
        for (
          let i = 0;
          i < bytes.length;
          i += i + 4096 < bytes.length ? 4096 : Math.max(1, bytes.length - 1 - i)
        ) {
          if (bytes[i] === sparseByte(part.start + offset + i)) continue;
          throw new Error(`${part.label}: byte ${offset + i} is ${bytes[i]}`);
        }
        part.written += bytes.length;
      },
      submit: () => undefined,
      onSubmittedWorkDone: async () => undefined,
    },
  };
  return { gpu: { ...dry, device: device as unknown as GPUDevice }, parts };
}
