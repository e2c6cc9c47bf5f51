// LoRA adapters on the GPU (arXiv 2106.09685): for each weight of the base model that one adds to, A as a weight of
// its own, B and a scale. The base stays as it is; `linear` adds what the adapters of its plan say.

import type { TensorInfo } from '@quern/dtypes';
import type { AdapterFile, ModelFile } from '@quern/formats';
import { createTensor, type Gpu, type Recorder, type Tensor, uploadTensor } from '@quern/gpu';
import { createWeight, destroyWeight, loraAdd, matmul, type Weight, writeRows } from '@quern/kernels';
import { QuernError, throwIfAborted } from '@quern/spec';
import { ggufArchitecture } from './architectures/aliases.ts';
import { checkpointRow, ggufName } from './weight-names.ts';

interface Addition {
  /** [rank, inputs]. */
  readonly a: Weight;
  /** [outputs, rank]. */
  readonly b: Tensor;
}

/** Rows and columns of the base weights that can be added to, by GGUF's names. */
export type Adaptable = ReadonlyMap<string, readonly [rows: number, cols: number]>;

export class LoraAdapter {
  /** [1] f32: what requests multiply the adapter with. */
  readonly scale: Tensor;
  readonly additions: ReadonlyMap<string, Addition>;
  readonly rank: number;
  readonly byteLength: number;

  constructor(scale: Tensor, additions: ReadonlyMap<string, Addition>) {
    this.scale = scale;
    this.additions = additions;
    const all = [...additions.values()];
    this.rank = Math.max(...all.map(({ b }) => b.shape[1]!));
    this.byteLength = all.reduce((sum, { a, b }) => sum + a.byteLength + b.byteLength, 16);
  }

  destroy(): void {
    this.scale.place!.buffer.destroy();
    for (const { a, b } of this.additions.values()) {
      destroyWeight(a);
      b.place!.buffer.destroy();
    }
  }
}

const recorded = new WeakMap<Recorder, readonly LoraAdapter[]>();

/** Linear layers recorded by `rec` from here on add what these adapters say. */
export function recordAdapters(rec: Recorder, adapters: readonly LoraAdapter[]): void {
  recorded.set(rec, adapters);
}

/** True if an adapter of the plan adds to one of these weights. */
export function isAdapted(rec: Recorder, weights: ReadonlyArray<{ readonly tensor: string }>): boolean {
  const adapters = recorded.get(rec) ?? [];
  return adapters.some(({ additions }) => weights.some(({ tensor }) => additions.has(tensor)));
}

/** y[:, firstRow ..] += scale * B A x for each of the parts of a linear layer that an adapter adds to. */
export function addAdapters(
  rec: Recorder,
  parts: ReadonlyArray<{ readonly tensor: string; readonly firstRow: number }>,
  { x, y, step }: { x: Tensor; y: Tensor; step: Tensor },
): void {
  for (const { scale, additions } of recorded.get(rec) ?? []) {
    for (const { tensor, firstRow } of parts) {
      const addition = additions.get(tensor);
      if (!addition) continue;
      const low = rec.scratch('lora', [x.shape[0]!, addition.a.rows]);
      matmul(rec, { weight: addition.a, x, y: low, step });
      loraAdd(rec, { low, b: addition.b, scale, step, y, column: firstRow });
    }
  }
}

/**
 * Reads an adapter and puts it on the GPU. Throws 'invalid-request' for one of another model, naming the weight
 * that is not there or has another shape; 'unsupported-dtype', and what the sources throw.
 */
export async function loadAdapter(
  gpu: Gpu,
  base: Pick<ModelFile, 'format' | 'architecture' | 'metadata'>,
  adaptable: Adaptable,
  file: AdapterFile,
  signal?: AbortSignal,
): Promise<LoraAdapter> {
  if (file.architecture !== undefined && file.architecture !== ggufArchitecture(base.architecture)) {
    throw new QuernError(
      'invalid-request',
      `The adapter is for '${file.architecture}', the loaded model is '${base.architecture}'.`,
    );
  }
  const additions = new Map<string, Addition>();
  const scale = createTensor(gpu.device, 'lora scale', [1]);
  try {
    for (const [stored, { a, b, scale: own }] of file.weights) {
      throwIfAborted(signal);
      const name = file.format === 'peft' ? ggufName(stored, base.architecture) : stored;
      const [outputs, inputs] = shapeOf(name, stored, adaptable);
      if (b.shape[0] !== outputs || a.shape[1] !== inputs) {
        throw new QuernError(
          'invalid-request',
          `The adapter adds ${b.shape[0]} x ${a.shape[1]} to '${stored}', which is ${outputs} x ${inputs} in the ` +
            'loaded model: it was made for another one.',
        );
      }
      const rank = Math.ceil(a.shape[0]! / 4) * 4;
      const [aBytes, bBytes] = [await read(file, a, signal), await read(file, b, signal)];
      const values = rowsOf(decode(b, bBytes), b.shape[1]!, rank, own);
      const rows = inOrder(values, rank, rowOrder(file, base, name!, outputs));
      const weight = createWeight(gpu.device, gpu.caps, `${name} lora`, a.dtype, rank, inputs);
      additions.set(name!, {
        a: weight,
        b: uploadTensor(gpu.device, `${name} lora`, rows, [outputs, rank]),
      });
      // Rows beyond the true rank stay zero: buffers begin so.
      writeRows(gpu.device.queue, weight, 0, a.shape[0]!, aBytes);
    }
    return new LoraAdapter(scale, additions);
  } catch (error) {
    new LoraAdapter(scale, additions).destroy();
    throw error;
  }
}

function shapeOf(name: string | undefined, stored: string, adaptable: Adaptable): readonly [number, number] {
  // The embedding is looked up, not multiplied; where it is the head too, an addition would not be to both.
  const linear = name !== undefined && name !== 'token_embd.weight';
  const shape = linear ? adaptable.get(name) : undefined;
  if (shape) return shape;
  throw new QuernError(
    'invalid-request',
    `The adapter adds to '${stored}', which is no linear layer of the loaded model that can be added to.`,
  );
}

async function read(
  file: AdapterFile,
  info: TensorInfo,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return file.sources[info.file]!.read(info.offset, info.byteLength, signal);
}

function decode({ dtype, shape }: TensorInfo, bytes: Uint8Array): Float32Array {
  const length = shape.reduce((product, n) => product * n, 1);
  const values = new Float32Array(length);
  dtype.decode(bytes, length / dtype.blockSize, values);
  return values;
}

/** Rows of `from` values, scaled, each filled up with zeros to `to`. */
function rowsOf(values: Float32Array, from: number, to: number, scale: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array((values.length / from) * to);
  values.forEach((value, i) => (out[Math.floor(i / from) * to + (i % from)] = value * scale));
  return out;
}

/** Row i of the base's weight is row order(i) of the adapter's; undefined where they agree. */
export function rowOrder(
  adapter: Pick<AdapterFile, 'format'>,
  base: Pick<ModelFile, 'format' | 'architecture' | 'metadata'>,
  name: string,
  rows: number,
): ((row: number) => number) | undefined {
  const order = checkpointRow(name, base);
  if (!order) return undefined;
  if (order.when === 'always') return adapter.format === 'peft' ? (at) => order.row(at, rows) : undefined;
  if ((adapter.format === 'gguf') === (base.format === 'gguf')) return undefined;
  if (base.format === 'gguf') return (at) => order.row(at, rows);
  // The other way round: rows of a GGUF's adapter for a checkpoint.
  const inverse = new Uint32Array(rows);
  for (let at = 0; at < rows; at++) inverse[order.row(at, rows)] = at;
  return (at) => inverse[at]!;
}

function inOrder(
  values: Float32Array<ArrayBuffer>,
  columns: number,
  order: ((row: number) => number) | undefined,
): Float32Array<ArrayBuffer> {
  if (!order) return values;
  const out = new Float32Array(values.length);
  for (let row = 0; row * columns < values.length; row++) {
    const source = order(row);
    out.set(values.subarray(source * columns, (source + 1) * columns), row * columns);
  }
  return out;
}
