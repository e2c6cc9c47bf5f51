import { expect, test } from 'vitest';
import { Arena } from './arena.ts';
import type { Gpu } from './device.ts';

const MIB = 2 ** 20;

function gpuOf(maxBufferSize: number): { gpu: Pick<Gpu, 'device' | 'caps'>; made: GPUBufferDescriptor[] } {
  const made: GPUBufferDescriptor[] = [];
  const createBuffer = (descriptor: GPUBufferDescriptor) => {
    made.push(descriptor);
    return descriptor;
  };
  const gpu = { device: { createBuffer }, caps: { limits: { maxBufferSize } } };
  return { gpu: gpu as unknown as Pick<Gpu, 'device' | 'caps'>, made };
}

test('small tensors lie side by side, each where a binding may begin', () => {
  const { gpu, made } = gpuOf(2 ** 30);
  const arena = new Arena(gpu, 'weights');
  const places = [100, 256, 1000].map((size) => arena.take('w', size));
  expect(places.map(({ offset }) => offset)).toEqual([0, 256, 512]);
  expect(new Set(places.map(({ buffer }) => buffer)).size).toBe(1);
  expect(made).toMatchObject([{ label: 'weights 0', size: 8 * MIB }]);
});

test('no two overlap, and what is left of an arena is used before another is made', () => {
  const { gpu, made } = gpuOf(2 ** 30);
  const arena = new Arena(gpu, 'weights');
  const sizes = [3 * MIB, 3 * MIB, 3 * MIB, MIB, 3 * MIB, MIB];
  const places = sizes.map((size) => ({ ...arena.take('w', size), size }));
  expect(made).toHaveLength(2);
  for (const a of places) {
    for (const b of places) {
      const apart = a.buffer !== b.buffer || a.offset + a.size <= b.offset || b.offset + b.size <= a.offset;
      expect(a === b || apart).toBe(true);
    }
  }
});

test('large ones have a buffer of their own, as have all where the adapter has no large buffers', () => {
  const large = gpuOf(2 ** 30);
  expect(new Arena(large.gpu, 'weights').take('head', 5 * MIB)).toMatchObject({ offset: 0 });
  expect(large.made).toMatchObject([{ label: 'head', size: 5 * MIB }]);
  const small = gpuOf(MIB);
  const arena = new Arena(small.gpu, 'weights');
  for (const label of ['a', 'b']) arena.take(label, 1024);
  expect(small.made).toMatchObject([
    { label: 'a', size: 1024 },
    { label: 'b', size: 1024 },
  ]);
});
