// Waiting for the GPU. Firefox answers a pending map, and a pending "work done", on a 100 ms tick or on the next
// submit; an empty submit every few milliseconds makes it prompt, and costs other browsers nothing that could be
// measured.

import type { Gpu } from './device.ts';

const POKE_MS = 4;

/** The same promise, answered promptly. Rejects when the device is lost, and throws what has gone wrong with it. */
export async function promptly<T>(gpu: Gpu, answer: Promise<T>): Promise<T> {
  const poke = setInterval(() => {
    if (!gpu.dead) gpu.device.queue.submit([]);
  }, POKE_MS);
  try {
    const value = await Promise.race([answer, gpu.lost]);
    gpu.check();
    return value;
  } catch (error) {
    gpu.check();
    throw error;
  } finally {
    clearInterval(poke);
  }
}

/** Resolves when the GPU has taken what was written and done what was submitted so far. Throws as `promptly` does. */
export async function queueDone(gpu: Gpu): Promise<void> {
  gpu.check();
  gpu.device.queue.submit([]); // Firefox keeps writes back until something is submitted
  await promptly(gpu, gpu.device.queue.onSubmittedWorkDone());
}
