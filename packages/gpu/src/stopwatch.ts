// How long recorded work takes the GPU, by the clock of this process: for adapters without timestamps too.

import type { Gpu } from './device.ts';
import { queueDone } from './queue-done.ts';
import { Recorder, type RecorderOptions } from './recorder.ts';

const SAMPLES = 5;
/** A sample takes at least so long, or the clock and the way to the GPU would count. */
const SAMPLE_MS = 40;
const MOST_TIMES = 4096;

/** Seconds of what `record` records, once: the median of samples in which it is repeated until they are long enough. */
export async function secondsOf(
  gpu: Gpu,
  record: (rec: Recorder) => void,
  options?: RecorderOptions,
): Promise<number> {
  const rec = new Recorder(gpu, options);
  record(rec);
  const plan = await rec.finish('stopwatch');
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
    while ((await run(times)) < SAMPLE_MS && times < MOST_TIMES) times *= 2;
    const samples: number[] = [];
    for (let i = 0; i < SAMPLES; i++) samples.push((await run(times)) / times);
    return median(samples) / 1000;
  } finally {
    plan.destroy();
  }
}

/** The upper one of an even number. */
export function median(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[samples.length >> 1]!;
}
