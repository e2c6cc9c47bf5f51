// Where the tensors of a file go. An architecture names what it needs; the registry allocates GPU memory,
// notes for each tensor of the file its place, and `write` puts the streamed bytes there. Tensors that
// nobody asked for are not read.

import type { TensorInfo } from '@quern/dtypes';
import type { Gpu, Tensor } from '@quern/gpu';
import { createTensor } from '@quern/gpu';
import { createWeight, destroyWeight, fitsOnePart, type Weight, writeRows } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { Linear } from './linear.ts';

type Destination =
  | { readonly kind: 'rows'; readonly weight: Weight; readonly firstRow: number }
  | { readonly kind: 'vector'; readonly tensor: Tensor; readonly offset: number };

export class WeightRegistry {
  readonly #gpu: Gpu;
  readonly #tensors: ReadonlyMap<string, TensorInfo>;
  readonly #hostVectors: ReadonlyMap<string, Float32Array>;
  readonly #destinations = new Map<string, Destination>();
  readonly #weights: Weight[] = [];
  readonly #vectors: Tensor[] = [];

  /** `hostVectors` are small tensors that the model needs before it can be laid out. */
  constructor(
    gpu: Gpu,
    tensors: ReadonlyMap<string, TensorInfo>,
    hostVectors: ReadonlyMap<string, Float32Array> = new Map(),
  ) {
    this.#gpu = gpu;
    this.#tensors = tensors;
    this.#hostVectors = hostVectors;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** Values of a small tensor, undefined where the file has none. */
  hostVector(name: string): Float32Array | undefined {
    return this.#hostVectors.get(name);
  }

  /** A vector of `length` f32 on the GPU. Throws 'corrupt-file' for another length or none. */
  vector(name: string, length: number): Tensor {
    this.#info(name, [length]);
    const tensor = this.upload(name, new Float32Array(length));
    this.#destinations.set(name, { kind: 'vector', tensor, offset: 0 });
    return tensor;
  }

  /** The same, undefined where the file has none. */
  optionalVector(name: string, length: number): Tensor | undefined {
    return this.has(name) ? this.vector(name, length) : undefined;
  }

  /** A table of ours on the GPU, freed with the weights. */
  upload(name: string, data: Float32Array<ArrayBuffer>): Tensor {
    const tensor = createTensor(this.#gpu.device, name, [data.length]);
    this.#gpu.device.queue.writeBuffer(tensor.place.buffer, 0, data);
    this.#vectors.push(tensor);
    return tensor;
  }

  /** Other values for a table of ours. */
  rewrite(tensor: Tensor, data: Float32Array<ArrayBuffer>): void {
    this.#gpu.device.queue.writeBuffer(tensor.place!.buffer, 0, data);
  }

  /**
   * One linear layer over `parts`, stacked in that order: name of the weight and its rows. A bias of the
   * same names (`.bias` for `.weight`) comes with it where the file has one.
   * Throws 'corrupt-file' for tensors that are missing or of other shapes.
   */
  linear(name: string, cols: number, parts: ReadonlyArray<readonly [tensor: string, rows: number]>): Linear {
    const weights: Array<{ weight: Weight; firstRow: number }> = [];
    let firstRow = 0;
    for (const run of this.#runs(cols, parts)) {
      const rows = run.reduce((sum, [, count]) => sum + count, 0);
      const { dtype } = this.#info(run[0]![0], [run[0]![1], cols]);
      const weight = createWeight(this.#gpu.device, this.#gpu.caps, name, dtype, rows, cols);
      this.#weights.push(weight);
      weights.push({ weight, firstRow });
      let row = 0;
      for (const [tensor, count] of run) {
        this.#destinations.set(tensor, { kind: 'rows', weight, firstRow: row });
        row += count;
      }
      firstRow += rows;
    }
    return { name, rows: firstRow, cols, weights, bias: this.#bias(name, parts, firstRow) };
  }

  /** Neighbours of one type that together fit one binding. */
  #runs(cols: number, parts: ReadonlyArray<readonly [string, number]>) {
    const runs: Array<Array<readonly [string, number]>> = [];
    for (const part of parts) {
      const { dtype } = this.#info(part[0], [part[1], cols]);
      const run = runs.at(-1);
      const rows = (run ?? []).reduce((sum, [, count]) => sum + count, part[1]);
      const same = run !== undefined && this.#info(run[0]![0], [run[0]![1], cols]).dtype === dtype;
      if (same && fitsOnePart(this.#gpu.caps, dtype, rows, cols)) run.push(part);
      else runs.push([part]);
    }
    return runs;
  }

  #bias(name: string, parts: ReadonlyArray<readonly [string, number]>, rows: number): Tensor | undefined {
    const named = parts.map(([tensor, count]) => [tensor.replace(/\.weight$/, '.bias'), count] as const);
    if (!named.some(([bias]) => this.has(bias))) return undefined;
    const tensor = this.upload(`${name}.bias`, new Float32Array(rows));
    let offset = 0;
    for (const [bias, count] of named) {
      if (this.has(bias)) {
        this.#info(bias, [count]);
        this.#destinations.set(bias, { kind: 'vector', tensor, offset });
      }
      offset += count;
    }
    return tensor;
  }

  #info(name: string, shape: readonly number[]): TensorInfo {
    const info = this.#tensors.get(name);
    if (!info)
      throw new QuernError(
        'corrupt-file',
        `The file has no tensor '${name}', which this architecture needs.`,
      );
    if (info.shape.length !== shape.length || info.shape.some((n, i) => n !== shape[i])) {
      throw new QuernError(
        'corrupt-file',
        `Tensor '${name}' is ${info.shape.join(' x ')}; the file's own dimensions ask for ${shape.join(' x ')}.`,
      );
    }
    return info;
  }

  /** The tensors of the file that are wanted, in the order of their bytes. */
  wanted(): TensorInfo[] {
    return [...this.#destinations.keys()]
      .map((name) => this.#tensors.get(name)!)
      .sort((a, b) => a.file - b.file || a.offset - b.offset);
  }

  /**
   * Puts `count` rows of a tensor's bytes, from `firstRow` on, where they belong. A vector comes whole:
   * row 0, one row.
   */
  write(info: TensorInfo, firstRow: number, count: number, bytes: Uint8Array): void {
    const destination = this.#destinations.get(info.name)!;
    const { queue } = this.#gpu.device;
    if (destination.kind === 'rows') {
      writeRows(queue, destination.weight, destination.firstRow + firstRow, count, bytes);
      return;
    }
    const values = new Float32Array(info.shape[0]!);
    info.dtype.decode(bytes, values.length / info.dtype.blockSize, values);
    const { buffer, offset } = destination.tensor.place!;
    queue.writeBuffer(buffer, offset + destination.offset * 4, values);
  }

  /** Bytes on the GPU. */
  get byteLength(): number {
    return (
      this.#weights.reduce((sum, weight) => sum + weight.byteLength, 0) +
      this.#vectors.reduce((sum, tensor) => sum + tensor.byteLength, 0)
    );
  }

  destroy(): void {
    for (const weight of this.#weights) destroyWeight(weight);
    for (const tensor of this.#vectors) tensor.place?.buffer.destroy();
  }
}
