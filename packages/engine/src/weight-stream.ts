// Streams a model's tensors to the GPU, in the order of their bytes or in that of their use, a strip of rows at a time: the next one is read
// while the last is repacked and on its way. What is read, repacked and not yet taken by the GPU counts against the
// load's byte budget.

import type { PackedTensor, TensorInfo } from '@quern/dtypes';
import { type Gpu, queueDone } from '@quern/gpu';
import type { WeightRegistry } from '@quern/models';
import { type ByteSource, type Progress, QuernError, throwIfAborted } from '@quern/spec';
import { type ByteBudget, CHUNK_BYTES, createProgressMeter } from '@quern/store';

/** The most bytes of a strip; at least one row. */
const STRIP_BYTES = 2 << 20;
/** A strip is there twice, as it was read and repacked. */
const COPIES = 2;
/** Strips that surely go into the part of the budget that is kept for those who empty it. */
const STRIPS_KEPT = 4;
/** Bytes on their way to the GPU, of which drivers keep copies until it has taken them. */
const UNDER_WAY_BYTES = 8 << 20;
/** The part of the budget that may be filled with the pieces of a packed tensor. */
const PACKED_SHARE = 3 / 8;
/** Strips of a packed tensor that are there at once. */
const PACKED_STRIPS = 2;

export interface WeightStreamOptions {
  gpu: Gpu;
  sources: readonly ByteSource[];
  weights: WeightRegistry;
  budget: ByteBudget;
  /** Read in the order in which a forward pass comes to them, instead of that of their bytes. */
  byUse?: boolean;
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** By performance.now(). */
export interface StreamTimes {
  lastByte: number;
  uploaded: number;
  verified: number;
}

interface Strip {
  readonly info: TensorInfo;
  readonly firstRow: number;
  readonly count: number;
  readonly bytes: Uint8Array;
  /** Bytes of the file that it stands for. */
  readonly fileBytes: number;
  /** The order of the columns, with a packed tensor's first strip. */
  readonly order?: Uint32Array<ArrayBuffer> | undefined;
  /** Gives back what was taken of the budget. */
  release(): void;
}

/**
 * Resolves when all is on the GPU and samples of it were read back. Throws what the sources throw, 'aborted',
 * 'device-lost', 'gpu-error' where the GPU has other bytes than were written.
 */
export async function streamWeights(options: WeightStreamOptions): Promise<StreamTimes> {
  const { gpu, sources, weights, onProgress, signal } = options;
  const wanted = weights.wanted(options.byUse);
  /** Wanted bytes of each file. */
  const ofFile = sources.map(() => 0);
  for (const { file, byteLength } of wanted) ofFile[file]! += byteLength;
  const meter = createProgressMeter({
    phase: 'weights',
    file: sources[0]!.name,
    fileTotal: ofFile[0]!,
    total: wanted.reduce((sum, { byteLength }) => sum + byteLength, 0),
    onProgress: onProgress ?? (() => undefined),
  });
  const strips = readStrips(wanted, options);
  /** Bytes of the strips that the GPU has not taken yet. */
  const underWay = new Map<Promise<void>, number>();
  const bytesUnderWay = () => [...underWay.values()].reduce((sum, bytes) => sum + bytes, 0);
  let lastByte = performance.now();
  let next = strips.next();
  try {
    for (;;) {
      const { done, value: strip } = await next;
      if (done) break;
      lastByte = performance.now();
      next = strips.next();
      next.catch(() => undefined); // awaited above, unless this strip fails first
      const { info, release } = strip;
      try {
        throwIfAborted(signal);
        gpu.check();
        if (strip.order) weights.writeOrder(info, strip.order);
        weights.write(info, strip.firstRow, strip.count, strip.bytes);
      } catch (error) {
        release();
        throw error;
      }
      // Nothing below may hold the strip: its bytes can go.
      const { byteLength } = strip.bytes;
      const taken = queueDone(gpu).finally(() => {
        release();
        underWay.delete(taken);
      });
      taken.catch(() => undefined); // the device is lost; the next check tells
      underWay.set(taken, byteLength);
      const source = sources[info.file]!;
      meter.setFile(source.name, ofFile[info.file]!);
      meter.add(strip.fileBytes, source.origin);
      while (bytesUnderWay() > UNDER_WAY_BYTES) await Promise.race(underWay.keys());
    }
  } catch (error) {
    // What the reader still brings belongs to nobody.
    void next
      .then(
        ({ value }) => value?.release(),
        () => undefined,
      )
      .then(() => strips.return(undefined));
    throw error;
  }
  await Promise.all(underWay.keys());
  gpu.check();
  const uploaded = performance.now();
  const lost = await weights.verify();
  if (lost) throw mismatch(lost);
  meter.end();
  return { lastByte, uploaded, verified: performance.now() };
}

async function* readStrips(
  wanted: readonly TensorInfo[],
  { sources, budget, signal }: WeightStreamOptions,
): AsyncGenerator<Strip, undefined, undefined> {
  const stripBytes = Math.min(STRIP_BYTES, Math.floor(budget.reserved / STRIPS_KEPT / COPIES));
  /** Reads a strip once there is room for it. */
  const strip = async (
    place: Pick<Strip, 'info' | 'firstRow' | 'count' | 'fileBytes'>,
    size: number,
    read: () => Promise<Uint8Array>,
  ): Promise<Strip> => {
    const release = await budget.take(size * COPIES, signal);
    try {
      return { ...place, bytes: await read(), release };
    } catch (error) {
      release();
      throw error;
    }
  };
  for (const info of wanted) {
    if (info.packed) {
      yield* packedStrips(info, info.packed);
      continue;
    }
    const source = sources[info.file]!;
    const rows = info.shape.slice(0, -1).reduce((product, n) => product * n, 1);
    const rowBytes = info.byteLength / rows;
    const most = Math.max(1, Math.floor(stripBytes / rowBytes));
    for (let firstRow = 0, count = 0; firstRow < rows; firstRow += count) {
      // Up to where a chunk ends, so that what is read is a view of it and no copy.
      const ahead = CHUNK_BYTES - ((info.offset + firstRow * rowBytes) % CHUNK_BYTES);
      count = Math.min(most, rows - firstRow, Math.max(1, Math.floor(ahead / rowBytes)));
      const size = count * rowBytes;
      yield await strip({ info, firstRow, count, fileBytes: size }, size, async () => {
        const bytes = await source.read(info.offset + firstRow * rowBytes, size, signal);
        if (bytes.byteLength === size) return bytes;
        throw new QuernError('corrupt-file', `${source.name} ends within tensor '${info.name}'.`);
      });
    }
  }
  return undefined;

  /**
   * Its rows lie scattered in the file. All that is held for it is taken at once: those who keep bytes for later
   * spare none while a reader that holds some waits for more.
   */
  async function* packedStrips(info: TensorInfo, packed: PackedTensor): AsyncGenerator<Strip> {
    const { dtype, shape, byteLength } = info;
    const columns = shape.at(-1)!;
    const rows = shape.slice(0, -1).reduce((product, n) => product * n, 1);
    const rowBytes = (columns / dtype.blockSize) * dtype.blockBytes;
    const strip = Math.max(8, Math.floor(stripBytes / rowBytes / 8) * 8);
    const most = Math.floor(budget.limit * PACKED_SHARE);
    const held = packed.smallBytes + Math.min(byteLength, most) + PACKED_STRIPS * COPIES * strip * rowBytes;
    const release = await budget.take(held, signal);
    const underWay: Array<Promise<void>> = [];
    try {
      const assembled = await packed.assemble(sources, most, signal);
      for (let firstRow = 0; firstRow < rows; firstRow += strip) {
        if (underWay.length >= PACKED_STRIPS) await underWay.shift();
        const count = Math.min(strip, rows - firstRow);
        const bytes = await assembled.rows(firstRow, count);
        let taken!: () => void;
        underWay.push(new Promise((resolve) => (taken = resolve)));
        yield {
          info,
          firstRow,
          count,
          bytes,
          fileBytes: (byteLength * count) / rows,
          order: firstRow === 0 ? assembled.order : undefined,
          release: taken,
        };
      }
      await Promise.all(underWay);
    } finally {
      release();
    }
  }
}

function mismatch({
  tensor,
  firstRow,
  count,
}: {
  tensor: string;
  firstRow: number;
  count: number;
}): QuernError {
  const rows = count === 1 ? `row ${firstRow}` : `rows ${firstRow} to ${firstRow + count - 1}`;
  return new QuernError(
    'gpu-error',
    `Tensor '${tensor}' did not arrive: ${rows} are other bytes on the GPU than were written. Load the model again; ` +
      'if that does not help, update the graphics driver and the browser, or free GPU memory.',
  );
}
