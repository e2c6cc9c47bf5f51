import type { Gpu } from '@quern/gpu';
import { describe, expect, test } from 'vitest';
import { largestPlan, Pace, planRows } from './pace.ts';

/** A GPU that is done with what was submitted when the test says so. */
function gpuOf(software: boolean): { gpu: Gpu; finish(): void } {
  const waiting: Array<() => void> = [];
  const queue = {
    submit: () => undefined,
    onSubmittedWorkDone: () => new Promise<void>((resolve) => waiting.push(resolve)),
  };
  const gpu = {
    caps: { software },
    device: { queue },
    lost: new Promise<never>(() => undefined),
    dead: false,
    check: () => undefined,
  } as unknown as Gpu;
  return { gpu, finish: () => waiting.shift()!() };
}
const paceOf = (software: boolean) => new Pace(gpuOf(software).gpu);

describe('what is submitted at once', () => {
  test('follows the first time that is measured, then their mean', () => {
    const pace = paceOf(true);
    const guess = pace.flopsPerSubmit;
    pace.learn(guess, 1500);
    expect(pace.flopsPerSubmit).toBeCloseTo(guess / 10);
    pace.learn(guess, 300);
    expect(pace.flopsPerSubmit).toBeCloseTo((guess / 10 + guess / 2) / 2);
  });

  test('a submit that took next to nothing shows no slow GPU, but may show a fast one', () => {
    const pace = paceOf(false);
    pace.learn(1e12, 100);
    const known = pace.flopsPerSubmit;
    pace.learn(1e6, 2);
    expect(pace.flopsPerSubmit).toBe(known);
    pace.learn(1e12, 5);
    expect(pace.flopsPerSubmit).toBeGreaterThan(known);
  });

  test('two are on their way; an abort is seen before the next', async () => {
    const { gpu, finish } = gpuOf(true);
    const pace = new Pace(gpu);
    const abort = new AbortController();
    for (let i = 0; i < 2; i++) {
      await pace.turn(abort.signal);
      pace.submitted(1e6);
    }
    let turn = false;
    const third = pace.turn(abort.signal).then(() => (turn = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(turn).toBe(false);
    finish();
    await third;
    pace.submitted(1e6);
    const fourth = pace.turn(abort.signal);
    abort.abort();
    finish();
    await expect(fourth).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('rows of a chunk', () => {
  test('are a power of two, and no more than there may be', () => {
    expect([1, 8, 9, 32, 33, 1000].map((tokens) => planRows(tokens, 512))).toEqual([8, 8, 16, 32, 64, 512]);
    expect(planRows(1000, 32)).toBe(32);
  });

  /** A model whose largest dispatch does so much for each row. */
  const rowsFor = async (pace: Pace, flopsPerRow: number, tokens = 1000) => {
    const recorded: number[] = [];
    const { rows } = await largestPlan(pace, tokens, 512, async (some) => {
      recorded.push(some);
      return { largestFlops: some * flopsPerRow };
    });
    return { rows, recorded };
  };

  test('are as many as leave no dispatch of more than 100 ms', async () => {
    const pace = paceOf(false);
    pace.learn(1e12, 1000); // 1e9 a millisecond
    // 1B and 8B models: gate and up together.
    expect((await rowsFor(pace, 67e6)).rows).toBe(512);
    expect((await rowsFor(pace, 235e6)).rows).toBe(128);
    expect((await rowsFor(pace, 235e6, 20)).rows).toBe(32);
  });

  test('are at least eight, and each size is recorded once', async () => {
    const slow = paceOf(true);
    slow.learn(1e6, 1000);
    expect(await rowsFor(slow, 1e6)).toEqual({ rows: 8, recorded: [512, 256, 128, 64, 32, 16, 8] });
  });
});
