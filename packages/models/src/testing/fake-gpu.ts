// The registry needs of a device only buffers and a queue: memory that can be read back here.

import { type DType, dtypeByName, type TensorInfo } from '@quern/dtypes';
import type { Gpu } from '@quern/gpu';

export interface FakeBuffer {
  label: string;
  bytes: Uint8Array;
  destroyed: boolean;
  destroy(): void;
}

/** Every buffer that was made, in order; tests empty it. */
export const buffers: FakeBuffer[] = [];

export function fakeGpu(maxStorageBufferBindingSize = 2 ** 27): Gpu {
  const device = {
    createBuffer({ label, size }: { label: string; size: number }): FakeBuffer {
      const buffer = {
        label,
        bytes: new Uint8Array(size),
        destroyed: false,
        destroy() {
          buffer.destroyed = true;
        },
      };
      buffers.push(buffer);
      return buffer;
    },
    queue: {
      writeBuffer(buffer: FakeBuffer, offset: number, data: Uint8Array | Float32Array) {
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        if (offset + bytes.length > buffer.bytes.length) throw new Error(`${buffer.label} overrun`);
        buffer.bytes.set(bytes, offset);
      },
    },
  };
  // Too small for weights to share one: tests tell them by their buffers.
  const limits = { maxStorageBufferBindingSize, maxBufferSize: 2 ** 22 };
  return { device, caps: { limits } } as unknown as Gpu;
}

export const F32 = dtypeByName('f32')!;
export const Q8_0 = dtypeByName('q8_0')!;

/** Tensors one behind the other in one file. */
export function file(...tensors: Array<[name: string, dtype: DType, ...shape: number[]]>) {
  let offset = 0;
  return new Map(
    tensors.map(([name, dtype, ...shape]): [string, TensorInfo] => {
      const byteLength = (shape.reduce((a, b) => a * b, 1) / dtype.blockSize) * dtype.blockBytes;
      const info = { name, dtype, shape, file: 0, offset, byteLength };
      offset += byteLength;
      return [name, info];
    }),
  );
}

export const f32Bytes = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
export const f32Of = (buffer: FakeBuffer, count: number) => [
  ...new Float32Array(buffer.bytes.buffer, 0, count),
];
