import { createTensor, type Gpu, Recorder, type Tensor, uploadTensor } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { GREEDY, type SamplingOptions } from '@quern/spec';
import { beforeAll, describe, expect, test } from 'vitest';
import { chooseVariants } from '../lib/variants.ts';
import { poisoned, random, randomF32, readU32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { draw } from './draw.ts';
import { drawRef, survivorsRef } from './draw.ref.ts';
import { samplerWords } from './sampler.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

function options(some: Partial<SamplingOptions>): SamplingOptions {
  return { ...GREEDY, temperature: 1, seed: 1234, ...some };
}

function samplersTensor(slots: readonly SamplingOptions[]): Tensor {
  const words = Uint32Array.from(slots.flatMap((slot) => [...samplerWords(slot)]));
  return uploadTensor(gpu.device, 'samplers', words, [slots.length, 16]);
}

/** Scores with the look of a language model's: a few stand out of a bulk. */
function modelScores(columns: number, seed: number): Float32Array<ArrayBuffer> {
  const next = random(seed);
  return Float32Array.from({ length: columns }, () => {
    const bulk = (next() + next() + next() + next()) * 2;
    return next() > 0.98 ? bulk + 6 + 4 * next() : bulk;
  });
}

/** One id per row: row r samples scores[r] by slots[r] at positions[r]. */
async function drawn(
  scores: Float32Array<ArrayBuffer>,
  slots: readonly SamplingOptions[],
  columns: number,
  filters: boolean,
  positions: readonly number[] = slots.map((_, r) => 100 + r),
): Promise<number[]> {
  const rows = slots.length;
  const ids = poisoned(gpu, [rows]);
  await runOp(gpu, (rec) =>
    draw(rec, {
      scores: upload(gpu, scores, [rows, columns]),
      samplers: samplersTensor(slots),
      step: stepTensor(
        gpu,
        positions.map((position, slot) => ({ position, slot })),
      ),
      ids,
      filters,
    }),
  );
  return [...(await readU32(gpu, ids))].slice(0, rows);
}

/** The op's ids are the twin's, except where f32 may tip either the draw or top-p's goal. */
function expectTwin(
  ids: readonly number[],
  scores: Float32Array,
  slots: readonly SamplingOptions[],
  positions: readonly number[] = slots.map((_, r) => 100 + r),
): void {
  const columns = scores.length / ids.length;
  let compared = 0;
  ids.forEach((id, r) => {
    const row = scores.subarray(r * columns, (r + 1) * columns);
    const survivors = survivorsRef(row, slots[r]!);
    if (survivors.margin < 1e-5) return;
    const twin = drawRef(row, slots[r]!, positions[r]!);
    if (twin.lead < 1e-3) return;
    compared++;
    expect(id, `row ${r}`).toBe(twin.id);
  });
  expect(2 * compared, 'rows sure enough to compare').toBeGreaterThanOrEqual(ids.length);
}

const SETS: SamplingOptions[] = [
  options({}),
  options({ temperature: 0.7, topK: 40, topP: 0.95 }),
  options({ temperature: 1.5, topP: 0.9 }),
  options({ temperature: 0.8, topK: 5 }),
  options({ minP: 0.05, temperature: 1.3 }),
  options({ temperature: 1, topK: 100, topP: 0.5, minP: 0.02 }),
  GREEDY,
  options({ temperature: 2, topK: 3000, topP: 0.999, seed: -77 }),
];

describe.each([1, 3, 65, 640, 49152, 151936])('%i columns', (columns) => {
  const scores = modelScores(columns * 7, columns);
  test.each(columns > 100000 ? [2] : [1, 2, 7])('%i rows, filtered', async (rows) => {
    for (const shift of columns > 1000 ? [1] : [0, 1, 3, 5]) {
      const slots = Array.from({ length: rows }, (_, r) => SETS[(r + shift) % SETS.length]!);
      const part = scores.slice(0, rows * columns);
      expectTwin(await drawn(part, slots, columns, true), part, slots);
    }
  });
  test('2 rows, not filtered', async () => {
    const part = scores.slice(0, 2 * columns);
    const slots = [options({ temperature: 0.9 }), GREEDY];
    expectTwin(await drawn(part, slots, columns, false), part, slots);
  });
});

/** `draws` ids of each of 64 rows, which all sample `scores` by `slot`, at positions 0, 1, 2 ... */
async function manyDraws(
  scores: Float32Array<ArrayBuffer>,
  slot: SamplingOptions,
  draws: number,
  filters = true,
): Promise<Uint32Array> {
  const ROWS = 64;
  const columns = scores.length;
  const repeated = new Float32Array(ROWS * columns);
  for (let r = 0; r < ROWS; r++) repeated.set(scores, r * columns);
  const rounds = Math.ceil(draws / ROWS);
  const steps = Array.from({ length: rounds }, (_, round) =>
    stepTensor(
      gpu,
      Array.from({ length: ROWS }, (_, r) => ({ position: round * ROWS + r })),
    ),
  );
  const step = createTensor(gpu.device, 'step', [4 + ROWS * 4]);
  const ids = createTensor(gpu.device, 'ids', [ROWS]);
  const out = poisoned(gpu, [rounds * ROWS]);
  const rec = new Recorder(gpu, { variants: { ...chooseVariants(gpu.caps) } });
  draw(rec, {
    scores: upload(gpu, repeated, [ROWS, columns]),
    samplers: samplersTensor([slot]),
    step,
    ids,
    filters,
  });
  const plan = await rec.finish('many draws');
  const encoder = gpu.device.createCommandEncoder();
  steps.forEach(({ place }, round) => {
    encoder.copyBufferToBuffer(place!.buffer, 0, step.place.buffer, 0, step.byteLength);
    plan.encode(encoder);
    encoder.copyBufferToBuffer(ids.place.buffer, 0, out.place!.buffer, round * ROWS * 4, ROWS * 4);
  });
  gpu.device.queue.submit([encoder.finish()]);
  const all = await readU32(gpu, out);
  plan.destroy();
  gpu.check();
  return all.slice(0, draws);
}

/** Every id survives in the twin, and chi-square of the frequencies stays under its 1e-6 quantile. */
function expectFrequencies(ids: Uint32Array, scores: Float32Array, slot: SamplingOptions): void {
  const { ids: kept, probabilities } = survivorsRef(scores, slot);
  const counts = new Map<number, number>(kept.map((id) => [id, 0]));
  for (const id of ids) {
    expect(counts.has(id), `${id} does not survive`).toBe(true);
    counts.set(id, counts.get(id)! + 1);
  }
  // Cells of at least ten expected draws; the rest is one cell.
  let chi = 0;
  let cells = 0;
  let rest = { expected: 0, actual: 0 };
  const add = (actual: number, expected: number) => {
    chi += (actual - expected) ** 2 / expected;
    cells++;
  };
  kept.forEach((id, i) => {
    const expected = probabilities[i]! * ids.length;
    if (expected >= 10) add(counts.get(id)!, expected);
    else rest = { expected: rest.expected + expected, actual: rest.actual + counts.get(id)! };
  });
  if (rest.expected > 0) add(rest.actual, rest.expected);
  // Wilson and Hilferty's approximation of the quantile, z = 4.75.
  const df = Math.max(1, cells - 1);
  const bound = df * (1 - 2 / (9 * df) + 4.75 * Math.sqrt(2 / (9 * df))) ** 3;
  expect(chi).toBeLessThan(bound);
}

const TIES = Float32Array.from({ length: 65 }, (_, id) => [1, 2, 2, 0.5, 1.5][id % 5]!);

describe('1024 draws or more', () => {
  test.each([
    ['temperature', options({ temperature: 0.8 })],
    ['top-k', options({ topK: 7 })],
    ['top-p', options({ topP: 0.7, temperature: 1.2 })],
    ['top-k and top-p', options({ topK: 20, topP: 0.6 })],
    ['min-p', options({ minP: 0.3 })],
    ['all of them', options({ topK: 30, topP: 0.9, minP: 0.1, temperature: 1.5 })],
  ])('%s', async (_, slot) => {
    const scores = randomF32(65, 21).map((v) => v * 3);
    expect(survivorsRef(scores, slot).margin).toBeGreaterThan(1e-5);
    expectFrequencies(await manyDraws(scores, slot, 1024), scores, slot);
  });
  test('unfiltered, over a large flat vocabulary', async () => {
    const scores = randomF32(640, 23).map((v) => v * 0.5);
    const slot = options({});
    expectFrequencies(await manyDraws(scores, slot, 4096, false), scores, slot);
  });
  test.each([
    ['top-k within ties keeps the lower ids', options({ topK: 20 })],
    ['top-p within ties keeps the lower ids', options({ topP: 0.411 })],
    ['top-p within the ties of top-k', options({ topK: 33, topP: 0.9 })],
  ])('%s', async (_, slot) => {
    expect(survivorsRef(TIES, slot).margin).toBeGreaterThan(1e-5);
    const ids = await manyDraws(TIES, slot, 1024);
    expectFrequencies(ids, TIES, slot);
    // Each survivor is common enough here to be seen: the sets are the same.
    expect(Array.from(new Set(ids)).sort((a, b) => a - b)).toEqual(
      Array.from(survivorsRef(TIES, slot).ids).sort((a, b) => a - b),
    );
  });
});

test('random parameters: survivors and frequencies', async () => {
  const next = random(31);
  const uniform = () => (next() + 1) / 2;
  for (let i = 0; i < 12; i++) {
    const scores = modelScores(300, i).map((v) => (i % 3 === 0 ? Math.round(v * 2) / 2 : v));
    const slot = options({
      temperature: 0.3 + 2 * uniform(),
      topK: i % 2 ? Math.ceil(uniform() * 200) : 0,
      topP: i % 4 < 3 ? uniform() : 1,
      minP: i % 5 === 0 ? uniform() * 0.2 : 0,
      seed: i,
    });
    if (survivorsRef(scores, slot).margin < 1e-5) continue;
    expectFrequencies(await manyDraws(scores, slot, 256), scores, slot);
  }
});

describe('extremes', () => {
  const every = (columns: number, slot: SamplingOptions, scores: Float32Array<ArrayBuffer>) =>
    drawn(scores, [slot], columns, true);
  test('all scores equal: the first k ids', async () => {
    const columns = 5000;
    const scores = new Float32Array(columns).fill(3.25);
    for (const topK of [1, 2, 1000, 4096]) {
      for (const seed of [1, 2, 3]) {
        const slot = options({ topK, seed });
        expectTwin(await every(columns, slot, scores), scores, [slot]);
      }
    }
    const slot = options({ topK: 1000, topP: 0.25005 });
    const [id] = await every(columns, slot, scores);
    expect(id).toBeLessThan(251);
  });
  test('top-p 0 and min-p 1 leave the best, the lower id of two', async () => {
    const scores = randomF32(640, 3);
    scores[77] = 5;
    scores[600] = 5;
    expect(await every(640, options({ topP: 0, temperature: 3 }), scores)).toEqual([77]);
    expect([77, 600]).toContain((await every(640, options({ minP: 1, temperature: 3 }), scores))[0]);
  });
  test('masked scores are never drawn', async () => {
    const scores = new Float32Array(3000).fill(-1e30);
    scores[2999] = -40;
    scores[1500] = -41;
    for (const slot of [
      options({}),
      options({ topK: 50 }),
      options({ topP: 0.99 }),
      options({ topK: 50, topP: 0.999, minP: 0.001 }),
    ]) {
      expectTwin(await every(3000, slot, scores), scores, [slot]);
      expectTwin(await drawn(scores, [slot], 3000, false), scores, [{ ...slot, topK: 0, topP: 1, minP: 0 }]);
    }
  });
  test('a temperature near 0 draws the best', async () => {
    const scores = modelScores(2100, 8);
    const greedy = await drawn(scores, [GREEDY], 2100, false);
    for (const temperature of [1e-3, 1e-12]) {
      expect(await every(2100, options({ temperature, topP: 0.9, topK: 40 }), scores)).toEqual(greedy);
      expect(await drawn(scores, [options({ temperature })], 2100, false)).toEqual(greedy);
    }
  });
  test('greedy ties go to the lower id', async () => {
    const scores = new Float32Array(4200);
    scores[4100] = 1;
    scores[2050] = 1;
    expect(await every(4200, GREEDY, scores)).toEqual([2050]);
    expect(await drawn(scores, [GREEDY], 4200, false)).toEqual([2050]);
  });
});

test('a seed repeats its stream, another seed or position does not', async () => {
  const scores = new Float32Array(640);
  const stream = (seed: number, filters: boolean) => manyDraws(scores, options({ seed }), 256, filters);
  const one = await stream(5, true);
  expect(await stream(5, true)).toEqual(one);
  expect(await stream(5, false)).toEqual(one);
  for (const other of [6, 5 + 2 ** 32]) {
    const ids = await stream(other, true);
    expect(ids.filter((id, i) => id === one[i]).length).toBeLessThan(8);
  }
  expect(new Set(one).size).toBeGreaterThan(150);
});

test('rows beyond the live ones are left undone', async () => {
  const ids = poisoned(gpu, [3]);
  const scores = randomF32(3 * 65, 1);
  const slot = options({ topK: 3, topP: 0.9 });
  await runOp(gpu, (rec) =>
    draw(rec, {
      scores: upload(gpu, scores, [3, 65]),
      samplers: samplersTensor([slot]),
      step: stepTensor(gpu, [{}, {}, {}], 1),
      ids,
      filters: true,
    }),
  );
  const words = await readU32(gpu, ids);
  expect(survivorsRef(scores.subarray(0, 65), slot).ids).toContain(words[0]);
  expect([words[1], words[2]]).toEqual([0x7fc0dead, 0x7fc0dead]);
});
