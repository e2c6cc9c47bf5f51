// The limits of an adapter as this machine gives them today: bytes it copies, multiply-adds it does, what a dispatch
// costs, how long an answer takes to come back. What is timed is checked: a driver that skips work is not fast.

import { createTensor, type Gpu, median, readBuffer, secondsOf, type Tensor, uploadTensor } from '@quern/gpu';
import { probeCopy, probeTurn } from '@quern/kernels';
import { type BenchRow, type KernelTiming, QuernError, type Roofline, type StepCost } from '@quern/spec';

const READBACKS = 15;
const DISPATCHES = 500;
const THREADS = 64;
/** Rounds of a thread: software adapters have few threads, GPUs need many. */
const ROUNDS = 512;

/** Throws 'gpu-error' where the adapter computes wrong. Frees what it took. */
export async function measureRoofline(gpu: Gpu): Promise<Roofline> {
  const { software, limits } = gpu.caps;
  const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  const bytes = Math.min(software ? 64 << 20 : 512 << 20, most);
  const threads = software ? 4096 : 1 << 20;
  const taken: Tensor[] = [];
  const take = (tensor: Tensor): Tensor => (taken.push(tensor), tensor);
  try {
    const x = take(createTensor(gpu.device, 'copied', [bytes / 4]));
    fill(gpu, x);
    const y = take(createTensor(gpu.device, 'copy', [bytes / 4]));
    const copied = await secondsOf(gpu, (rec) => probeCopy(rec, { x, y }));
    await checkCopy(gpu, y);

    const turn = take(uploadTensor(gpu.device, 'turn', TURN, [5, 4]));
    const turned = take(createTensor(gpu.device, 'turned', [threads, 4]));
    const turning = await secondsOf(gpu, (rec) => probeTurn(rec, { x: turn, y: turned, rounds: ROUNDS }));
    await checkTurn(gpu, turned);

    const few = take(createTensor(gpu.device, 'few', [THREADS, 4]));
    const idle = await secondsOf(gpu, (rec) => {
      for (let i = 0; i < DISPATCHES; i++) probeTurn(rec, { x: turn, y: few, rounds: 0 });
    });
    return {
      bytesPerSecond: (2 * bytes) / copied,
      flopsPerSecond: (threads * ROUNDS * 128) / turning,
      dispatchMicroseconds: (idle / DISPATCHES) * 1e6,
      readbackMilliseconds: await readback(gpu, few),
    };
  } finally {
    for (const { place } of taken) place?.buffer.destroy();
  }
}

/** The least time that the roofline leaves. */
export function leastSeconds(
  { bytes, flops, dispatches }: Pick<KernelTiming, 'bytes' | 'flops' | 'dispatches'>,
  limits: Roofline,
): number {
  return Math.max(
    bytes / limits.bytesPerSecond,
    flops / limits.flopsPerSecond,
    (dispatches * limits.dispatchMicroseconds) / 1e6,
  );
}

/** Each kernel with its least time. */
export function withLeast(timings: readonly KernelTiming[], limits: Roofline): KernelTiming[] {
  return timings.map((timing) => ({ ...timing, leastMicroseconds: 1e6 * leastSeconds(timing, limits) }));
}

/** Decode rows with the speed that depth 0 and the roofline leave them; as they are where depth 0 is missing. */
export function withLine(rows: readonly BenchRow[], limits: Roofline): BenchRow[] {
  const seconds = ({ kvBytes, kvFlops }: StepCost) =>
    Math.max(kvBytes / limits.bytesPerSecond, kvFlops / limits.flopsPerSecond);
  const start = rows.find(({ test, depth, step }) => test === 'decode' && depth === 0 && step);
  if (!start?.step) return [...rows];
  const [first, atStart] = [1 / median(start.tokensPerSecond), seconds(start.step)];
  return rows.map((row) =>
    row === start || !row.step ? row : { ...row, line: 1 / (first + seconds(row.step) - atStart) },
  );
}

/** Milliseconds from a submit to four bytes of its result. */
async function readback(gpu: Gpu, { place }: Tensor): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < READBACKS; i++) {
    const start = performance.now();
    await readBuffer(gpu, place!.buffer, 0, 4);
    samples.push(performance.now() - start);
  }
  return median(samples);
}

/** Written over and over: no more than a megabyte of it is ever in the page's memory. */
const PATTERN = Float32Array.from({ length: 2 ** 18 }, (_, i) => i % 4093);

function fill(gpu: Gpu, { place, byteLength }: Tensor): void {
  for (let at = 0; at < byteLength; at += PATTERN.byteLength) {
    const length = Math.min(PATTERN.byteLength, byteLength - at) / 4;
    gpu.device.queue.writeBuffer(place!.buffer, at, PATTERN, 0, length);
  }
}

async function checkCopy(gpu: Gpu, y: Tensor): Promise<void> {
  const length = y.shape[0]!;
  for (const first of [0, length - 16]) {
    const bytes = await readBuffer(gpu, y.place!.buffer, first * 4, 64);
    const wrong = new Float32Array(bytes.buffer).findIndex(
      (value, i) => value !== PATTERN[(first + i) % PATTERN.length],
    );
    if (wrong >= 0) throw wrongResult('a copy', first + wrong);
  }
}

/** Quarter turns in two planes: the vectors come round every four rounds. */
const TURN = Float32Array.of(0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 1, 2, 3, 4);

/** After a multiple of four rounds every vector is where it began, so that each sum is 10 times its scale. */
async function checkTurn(gpu: Gpu, y: Tensor): Promise<void> {
  const first = y.shape[0]! - 16;
  const values = new Float32Array((await readBuffer(gpu, y.place!.buffer, first * 16, 256)).buffer);
  const wrong = values.findIndex((value, i) => value !== 10 * (1 + ((first + (i >> 2)) & 7)));
  if (wrong >= 0) throw wrongResult('vectors that were turned', first + wrong);
}

function wrongResult(what: string, at: number): QuernError {
  return new QuernError(
    'gpu-error',
    `The adapter computes wrong: ${what} differ at ${at}, so its speed says nothing. Try another driver or browser.`,
  );
}
