// Where the tensors of a file go. An architecture names what it needs; the registry allocates GPU memory,
// notes for each tensor of the file its place, and `write` puts the streamed bytes there. Tensors that
// nobody asked for are not read.

import type { DType, TensorInfo } from '@quern/dtypes';
import { Arena, createTensor, type Gpu, type Mismatch, type Region, type Tensor, Upload } from '@quern/gpu';
import {
  createExpertWeight,
  createWeight,
  destroyExpertWeight,
  destroyWeight,
  type ExpertWeight,
  fitsOnePart,
  fitsWhole,
  type Weight,
  writeRows,
} from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { Adaptable } from './adapters.ts';
import { Arrivals, regionOf, regionsOf } from './arrivals.ts';
import { expertBiasSink, expertSink } from './expert-sinks.ts';
import { type ExpertLayout, type Experts, expertTensors } from './experts.ts';
import type { Linear, LinearWeight } from './linear.ts';
import { inOrderOfBytes, inOrderOfUse } from './reading-order.ts';

/** Takes `count` rows of a tensor from `firstRow` on; they come in order. */
export type RowSink = (firstRow: number, count: number, bytes: Uint8Array) => void;

type Destination =
  | { readonly kind: 'rows'; readonly weight: Weight; readonly firstRow: number }
  | { readonly kind: 'vector'; readonly tensor: Tensor; readonly offset: number }
  /** What an architecture lays out by itself. */
  | { readonly kind: 'sink'; readonly sink: RowSink };

export class WeightRegistry {
  /** Of tensors in the regions that they go to. */
  readonly arrivals = new Arrivals();
  readonly #gpu: Gpu;
  readonly #upload: Upload;
  readonly #arena: Arena;
  readonly #tensors: ReadonlyMap<string, TensorInfo>;
  readonly #hostVectors: ReadonlyMap<string, Float32Array>;
  readonly #destinations = new Map<string, Destination>();
  /** Tensors of the file that are read otherwise than they stand there. */
  readonly #turned = new Map<string, TensorInfo>();
  readonly #weights: Weight[] = [];
  readonly #experts: ExpertWeight[] = [];
  readonly #vectors: Tensor[] = [];
  /** By the name of the weight whose columns they are. */
  readonly #orders = new Map<string, Tensor>();
  readonly #adaptable = new Map<string, readonly [rows: number, cols: number]>();

  /** `hostVectors` are small tensors that the model needs before it can be laid out. */
  constructor(
    gpu: Gpu,
    tensors: ReadonlyMap<string, TensorInfo>,
    hostVectors: ReadonlyMap<string, Float32Array> = new Map(),
  ) {
    this.#gpu = gpu;
    this.#upload = new Upload(gpu);
    this.#arena = new Arena(gpu, 'weights');
    this.#tensors = tensors;
    this.#hostVectors = hostVectors;
  }

  /** Rows and columns of what linear layers are made of: what adapters can add to. */
  get adaptable(): Adaptable {
    return this.#adaptable;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** A tensor's shape as the file has it. */
  shape(name: string): readonly number[] | undefined {
    return this.#tensors.get(name)?.shape;
  }

  /** Values of a small tensor, undefined where the file has none. */
  hostVector(name: string): Float32Array | undefined {
    return this.#hostVectors.get(name);
  }

  /** A vector, or a small matrix, of f32 on the GPU. Throws 'corrupt-file' for another shape or none. */
  vector(name: string, ...shape: readonly number[]): Tensor {
    this.#info(name, shape);
    const tensor = this.upload(name, new Float32Array(shape.reduce((product, n) => product * n, 1)));
    this.#send(name, { kind: 'vector', tensor, offset: 0 }, [regionOf(tensor)]);
    return tensor;
  }

  /** The same, undefined where the file has none. */
  optionalVector(name: string, ...shape: readonly number[]): Tensor | undefined {
    return this.has(name) ? this.vector(name, ...shape) : undefined;
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
    const weights: LinearWeight[] = [];
    let firstRow = 0;
    for (const run of this.#runs(cols, parts)) {
      const rows = run.reduce((sum, [, count]) => sum + count, 0);
      const { dtype } = this.#info(run[0]![0], [run[0]![1], cols]);
      const weight = this.allocate(name, dtype, rows, cols);
      weights.push({ weight, firstRow, order: this.#order(run[0]![0], cols) });
      let row = 0;
      for (const [tensor, count] of run) {
        this.#send(tensor, { kind: 'rows', weight, firstRow: row }, regionsOf(weight));
        row += count;
      }
      firstRow += rows;
    }
    const placed = stack(parts);
    for (const [tensor, rows] of parts) this.#adaptable.set(tensor, [rows, cols]);
    return { name, rows: firstRow, cols, weights, bias: this.#bias(name, parts, firstRow), parts: placed };
  }

  /** A tensor [count, rows, cols] of matrices, one below the other and none cut. Throws 'corrupt-file' as `linear` does. */
  stack(name: string, [count, rows, cols]: readonly [count: number, rows: number, cols: number]): Weight {
    const { dtype } = this.#info(name, [count, rows, cols]);
    const weight = this.allocate(name, dtype, count * rows, cols, rows);
    this.#send(name, { kind: 'rows', weight, firstRow: 0 }, regionsOf(weight));
    return weight;
  }

  /** The type of a tensor that the file has. */
  type(name: string): DType {
    return this.#tensors.get(name)!.dtype;
  }

  /** A weight that `fill` writes, from tensors that `receive` takes: what lies otherwise in the file. */
  allocate(name: string, dtype: DType, rows: number, cols: number, together?: number): Weight {
    const { device, caps } = this.#gpu;
    const weight = createWeight(device, caps, name, dtype, rows, cols, together, this.#arena);
    this.#weights.push(weight);
    return weight;
  }

  /** Hands the rows of a tensor of this shape to `sink` as they arrive, which fills `weights`. Throws 'corrupt-file', 'unsupported-dtype'. */
  receive(name: string, shape: readonly number[], weights: readonly Weight[], sink: RowSink): void {
    refuseOrder(this.#info(name, shape));
    this.#send(name, { kind: 'sink', sink }, weights.flatMap(regionsOf));
  }

  /** `bytes` are `count` rows of the weight's type. */
  fill(weight: Weight, firstRow: number, count: number, bytes: Uint8Array): void {
    writeRows(this.#upload, weight, firstRow, count, bytes);
  }

  /**
   * The same projection of `count` experts, its `parts` stacked within an expert: the names that GGUF has
   * without their `.weight`, and rows. Biases come with them as in `linear`.
   * Throws 'corrupt-file' for tensors that are missing or of other shapes.
   */
  experts(
    name: string,
    { count, cols }: { count: number; cols: number },
    parts: ReadonlyArray<readonly [base: string, rows: number]>,
    layout: ExpertLayout = {},
  ): Experts {
    const found = parts.map(([base, rows]) => ({
      base,
      rows,
      ...expertTensors(this.#tensors, base, [count, rows, cols], layout),
    }));
    const { device, caps } = this.#gpu;
    const all = parts.reduce((sum, [, rows]) => sum + rows, 0);
    const [{ dtype: type }] = found as [(typeof found)[0]];
    // An expert that no binding holds whole has its parts apart.
    const stacked = found.every(({ dtype }) => dtype === type) && fitsWhole(caps, type, all, cols);
    let firstRow = 0;
    const weights = (stacked ? [found] : found.map((part) => [part])).map((run) => {
      const rows = run.reduce((sum, part) => sum + part.rows, 0);
      const shape = { experts: count, rows, cols };
      const weight = createExpertWeight(device, caps, name, run[0]!.dtype, shape, this.#arena);
      this.#experts.push(weight);
      let at = 0;
      for (const part of run) {
        for (const { info, firstExpert } of part.tensors) {
          refuseOrder(info);
          const place = { firstExpert, rows: part.rows, at };
          const sink = expertSink(this.#upload, weight, info, place, layout);
          this.#send(
            info.name,
            { kind: 'sink', sink },
            weight.parts.flatMap((p) => regionsOf(p.weight)),
          );
          if (info !== this.#tensors.get(info.name)) this.#turned.set(info.name, info);
        }
        at += part.rows;
      }
      firstRow += rows;
      return {
        weight,
        firstRow: firstRow - rows,
        bias: this.#expertBias(name, count, rows, run, layout),
      };
    });
    return { count, rows: firstRow, cols, weights };
  }

  #send(name: string, destination: Destination, regions: readonly Region[]): void {
    this.#destinations.set(name, destination);
    this.arrivals.expect(name, regions);
  }

  /** Room for the order of a weight's columns where the file has one. */
  #order(name: string, cols: number): Tensor | undefined {
    if (this.#tensors.get(name)!.packed?.ordered !== true) return undefined;
    const tensor = this.upload(`${name} order`, new Float32Array(cols));
    this.#orders.set(name, tensor);
    this.arrivals.expect(name, [regionOf(tensor)]);
    return tensor;
  }

  /** The order that `packed` weights turn out to have. */
  writeOrder(info: TensorInfo, order: Uint32Array<ArrayBuffer>): void {
    const { buffer, offset } = this.#orders.get(info.name)!.place!;
    this.#upload.writeBuffer(buffer, offset, order);
  }

  #expertBias(
    name: string,
    count: number,
    stride: number,
    run: ReadonlyArray<{ base: string; rows: number }>,
    layout: ExpertLayout,
  ): Tensor | undefined {
    if (!run.some(({ base }) => this.has(`${base}.bias`))) return undefined;
    const tensor = this.upload(`${name}.bias`, new Float32Array(count * stride));
    let at = 0;
    for (const { base, rows } of run) {
      const bias = `${base}.bias`;
      if (this.has(bias)) {
        const info = this.#info(bias, [count, rows]);
        const sink = expertBiasSink(this.#upload, tensor, info, { stride, at }, layout);
        this.#send(bias, { kind: 'sink', sink }, [regionOf(tensor)]);
      }
      at += rows;
    }
    return tensor;
  }

  /** Neighbours of one type that together fit one binding; what has an order of its columns stays alone. */
  #runs(cols: number, parts: ReadonlyArray<readonly [string, number]>) {
    const runs: Array<Array<readonly [string, number]>> = [];
    for (const part of parts) {
      const { dtype, packed } = this.#info(part[0], [part[1], cols]);
      const run = runs.at(-1);
      const rows = (run ?? []).reduce((sum, [, count]) => sum + count, part[1]);
      const before = run && this.#info(run[0]![0], [run[0]![1], cols]);
      const ordered = packed?.ordered === true || before?.packed?.ordered === true;
      const same = run !== undefined && before!.dtype === dtype && !ordered;
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
        this.#send(bias, { kind: 'vector', tensor, offset }, [regionOf(tensor)]);
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
    // A matrix of one row may be stored as a vector, and the other way round.
    const [found, wanted] = [info.shape, shape].map((dims) => (dims[0] === 1 ? dims.slice(1) : dims)) as [
      readonly number[],
      readonly number[],
    ];
    if (found.length !== wanted.length || found.some((n, i) => n !== wanted[i])) {
      throw new QuernError(
        'corrupt-file',
        `Tensor '${name}' is ${info.shape.join(' x ')}; the file's own dimensions ask for ${shape.join(' x ')}.`,
      );
    }
    return info;
  }

  /**
   * The tensors of the file that are wanted, in the order of their bytes; `byUse`: first those of the embedding, then
   * layer by layer, last those of the head.
   */
  wanted(byUse = false): TensorInfo[] {
    return [...this.#destinations.keys()]
      .map((name) => this.#turned.get(name) ?? this.#tensors.get(name)!)
      .sort(byUse ? inOrderOfUse : inOrderOfBytes);
  }

  /**
   * Puts `count` rows of a tensor's bytes, from `firstRow` on, where they belong; those of stacked matrices
   * are counted through. A vector is one row.
   */
  write(info: TensorInfo, firstRow: number, count: number, bytes: Uint8Array): void {
    const rows = info.shape.slice(0, -1).reduce((product, n) => product * n, 1);
    const [first, last] = [firstRow === 0, firstRow + count === rows];
    this.#upload.begin({ tensor: info.name, firstRow, count, first, last });
    this.#put(info, firstRow, count, bytes);
    this.#upload.begin(undefined);
    if (last) this.arrivals.arrived(info.name);
  }

  #put(info: TensorInfo, firstRow: number, count: number, bytes: Uint8Array): void {
    const destination = this.#destinations.get(info.name)!;
    if (destination.kind === 'rows') {
      writeRows(this.#upload, destination.weight, destination.firstRow + firstRow, count, bytes);
      return;
    }
    if (destination.kind === 'sink') {
      destination.sink(firstRow, count, bytes);
      return;
    }
    const values = new Float32Array(info.shape.length === 1 ? info.shape[0]! : count * info.shape.at(-1)!);
    info.dtype.decode(bytes, values.length / info.dtype.blockSize, values);
    const { buffer, offset } = destination.tensor.place!;
    const first = destination.offset + (firstRow * values.length) / count;
    this.#upload.writeBuffer(buffer, offset + first * 4, values);
  }

  /** Reads samples of what was written back from the GPU: undefined if it has them, else the first rows it has not. */
  verify(): Promise<Mismatch | undefined> {
    return this.#upload.verify();
  }

  /** All but vectors. */
  get matrices(): ReadonlyArray<Weight | ExpertWeight> {
    return [...this.#weights, ...this.#experts];
  }

  /** Bytes on the GPU. */
  get byteLength(): number {
    return (
      [...this.#weights, ...this.#experts].reduce((sum, weight) => sum + weight.byteLength, 0) +
      this.#vectors.reduce((sum, tensor) => sum + tensor.byteLength, 0)
    );
  }

  destroy(): void {
    for (const weight of this.#weights) destroyWeight(weight);
    for (const weight of this.#experts) destroyExpertWeight(weight);
    for (const tensor of this.#vectors) tensor.place?.buffer.destroy();
  }
}

/** Throws 'unsupported-dtype': experts share one matmul, and so one order of their inputs; sinks know of none. */
function refuseOrder({ name, packed }: TensorInfo): void {
  if (packed?.ordered !== true) return;
  throw new QuernError(
    'unsupported-dtype',
    `Tensor '${name}' has its inputs reordered (GPTQ with desc_act), which does not run for experts and for latent ` +
      'attention; a checkpoint without that does.',
  );
}

/** Where each part's rows begin. */
function stack(parts: ReadonlyArray<readonly [string, number]>): Linear['parts'] {
  let firstRow = 0;
  return parts.map(([tensor, rows]) => {
    firstRow += rows;
    return { tensor, firstRow: firstRow - rows };
  });
}
