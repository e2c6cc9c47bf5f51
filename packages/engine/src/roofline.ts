// The limits of an adapter as this machine gives them today: bytes it copies, multiply-adds it does, what a dispatch
// costs, how long an answer takes to come back. What is timed is checked: a driver that skips work is not fast.

import {
  createTensor,
  type Gpu,
  queueDone,
  readBuffer,
  Recorder,
  type Tensor,
  uploadTensor,
} from '@quern/gpu';
import { probeCopy, probeTurn } from '@quern/kernels';
import { type BenchRow, type KernelTiming, QuernError, type Roofline, type StepCost } from '@quern/spec';

const SAMPLES = 5;
/** A sample takes at least so long, or the clock and the way to the GPU would count. */
const SAMPLE_MS = 40;
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
    const copied = await rate(gpu, (rec) => probeCopy(rec, { x, y }));
    await checkCopy(gpu, y);

    const turn = take(uploadTensor(gpu.device, 'turn', TURN, [5, 4]));
    const turned = take(createTensor(gpu.device, 'turned', [threads, 4]));
    const turning = await rate(gpu, (rec) => probeTurn(rec, { x: turn, y: turned, rounds: ROUNDS }));
    await checkTurn(gpu, turned);

    const few = take(createTensor(gpu.device, 'few', [THREADS, 4]));
    const idle = await rate(gpu, (rec) => {
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

/** Each kernel with the least time that the roofline leaves it. */
export function withLeast(timings: readonly KernelTiming[], limits: Roofline): KernelTiming[] {
  return timings.map((timing) => ({
    ...timing,
    leastMicroseconds: Math.max(
      (timing.bytes / limits.bytesPerSecond) * 1e6,
      (timing.flops / limits.flopsPerSecond) * 1e6,
      timing.dispatches * limits.dispatchMicroseconds,
    ),
  }));
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

/** Seconds of what `record` records: the median of samples that are long enough. */
async function rate(gpu: Gpu, record: (rec: Recorder) => void): Promise<number> {
  const rec = new Recorder(gpu);
  record(rec);
  const plan = await rec.finish('roofline');
  const run = async (times: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < times; i++) {
      const encoder = gpu.device.createCommandEncoder();
      plan.encode(encoder);
      gpu.device.queue.submit([encoder.finish()]);
    }
    await queueDone(gpu);
    return performance.now() - start;
  };
  try {
    await run(1); // compiles late, fills what is lazily made
    let times = 1;
    while ((await run(times)) < SAMPLE_MS && times < 4096) times *= 2;
    const samples: number[] = [];
    for (let i = 0; i < SAMPLES; i++) samples.push((await run(times)) / times);
    return median(samples) / 1000;
  } finally {
    plan.destroy();
  }
}

/** Milliseconds from a submit to four bytes of its result. */
async function readback(gpu: Gpu, { place }: Tensor): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < 3 * SAMPLES; i++) {
    const start = performance.now();
    await readBuffer(gpu, place!.buffer, 0, 4);
    samples.push(performance.now() - start);
  }
  return median(samples);
}

function median(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[samples.length >> 1]!;
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
