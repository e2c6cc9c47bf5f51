// Samples of what was written: they agree, unless a write was lost or changed on its way.

import { beforeAll, expect, test } from 'vitest';
import type { Gpu } from './device.ts';
import { createTensor } from './tensor.ts';
import { openTestGpu } from './testing/index.ts';
import { type Bytes, Upload, type Written } from './upload.ts';

const WORDS = 4096;
const rows = (tensor: string, firstRow: number): Written => ({
  tensor,
  firstRow,
  count: 8,
  first: firstRow === 0,
  last: false,
});

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

/** The gpu with writes that go through `change`, which may say undefined to lose one. */
function tampered(change: (data: Bytes, write: number) => Bytes | undefined): Gpu {
  let writes = 0;
  const { device } = gpu;
  const queue = {
    submit: (buffers: GPUCommandBuffer[]) => device.queue.submit(buffers),
    writeBuffer(buffer: GPUBuffer, offset: number, data: Bytes) {
      const changed = change(data, writes++);
      if (changed) device.queue.writeBuffer(buffer, offset, changed);
    },
  };
  const tamperedDevice = {
    queue,
    createBuffer: (descriptor: GPUBufferDescriptor) => device.createBuffer(descriptor),
    createCommandEncoder: () => device.createCommandEncoder(),
  } as unknown as GPUDevice;
  return {
    device: tamperedDevice,
    caps: gpu.caps,
    pipelines: gpu.pipelines,
    lost: gpu.lost,
    dead: false,
    check: () => gpu.check(),
    destroy: () => undefined,
  };
}

/** Two tensors of three writes each, from one upload. */
async function verify(on: Gpu) {
  const upload = new Upload(on);
  for (const name of ['a', 'b']) {
    const { buffer } = createTensor(gpu.device, name, [3 * WORDS]).place;
    for (let write = 0; write < 3; write++) {
      const words = new Uint32Array(upload.scratch(0, WORDS * 4).buffer, 0, WORDS);
      words.forEach((_, i) => (words[i] = 1 + i + write * WORDS));
      upload.begin(rows(name, write * 8));
      upload.writeBuffer(buffer, write * WORDS * 4, words);
    }
    upload.begin(undefined);
  }
  return upload.verify();
}

test('what arrived agrees', async () => {
  expect(await verify(gpu)).toBeUndefined();
});

test('a lost write is told by its tensor and rows', async () => {
  expect(await verify(tampered((data, write) => (write === 4 ? undefined : data)))).toEqual({
    tensor: 'b',
    firstRow: 8,
    count: 8,
  });
});

test('a tensor that was written as another is told', async () => {
  const flipped = (data: Bytes, write: number) =>
    write === 2 && data instanceof Uint32Array ? data.map((word) => word ^ 0x100) : data;
  expect(await verify(tampered(flipped))).toEqual({ tensor: 'a', firstRow: 16, count: 8 });
});

test('of rows that are written piece by piece, the first and the last are sampled', async () => {
  const pieces = 200;
  for (const lost of [0, 1, pieces - 2, pieces - 1]) {
    const upload = new Upload(tampered((data, write) => (write === lost ? undefined : data)));
    const { buffer } = createTensor(gpu.device, 'pieces', [pieces * 16]).place;
    upload.begin({ tensor: 'pieces', firstRow: 0, count: pieces, first: true, last: true });
    for (let piece = 0; piece < pieces; piece++) {
      upload.writeBuffer(buffer, piece * 64, upload.scratch(0, 64).fill(1 + (piece % 250)));
    }
    upload.begin(undefined);
    expect(await upload.verify(), `piece ${lost}`).toEqual({ tensor: 'pieces', firstRow: 0, count: pieces });
  }
});

test('samples are forgotten, and scratch memory begins as zeros each time', async () => {
  const upload = new Upload(gpu);
  const { buffer } = createTensor(gpu.device, 'c', [16]).place;
  upload.begin(rows('c', 0));
  upload.writeBuffer(buffer, 0, upload.scratch(0, 64).fill(7));
  expect(upload.scratch(0, 32)).toEqual(new Uint8Array(32));
  expect(await upload.verify()).toBeUndefined();
  gpu.device.queue.writeBuffer(buffer, 0, new Uint8Array(64));
  expect(await upload.verify()).toBeUndefined();
});
