import { UNKNOWN_ADAPTER } from '@quern/gpu';
import { chooseVariants, type Work } from '@quern/kernels';
import { expect, test } from 'vitest';
import { choose, type Chosen, type TrialBench } from './choose.ts';
import { TOOLS } from './tools.ts';

const CAPS = { ...UNKNOWN_ADAPTER, description: 'A card', subgroups: { min: 32, max: 32 } };
/** What such an adapter gets untried. */
const USUAL = {
  gemv: 'workgroup',
  gemm: 'tile',
  attention: 'tile',
  subgroups: 'on',
  fold: 'on',
  gemvActivations: 'f32',
  gemmActivations: 'f32',
};

interface Script {
  wrong?: (variants: Chosen) => string | undefined;
  /** Milliseconds; default 10. */
  time?: (variants: Chosen, works: readonly Work[]) => number;
  /** Comparisons until the time is over. */
  comparisons?: number;
  works?: readonly Work[];
}

/** A bench of given results; `compared` has the other variants of each comparison. */
function scripted({ wrong, time = () => 10, comparisons = Infinity, works }: Script) {
  const compared: Chosen[] = [];
  const bench: TrialBench = {
    works: works ?? ['gemv', 'gemm', 'norm', 'attend', 'attend-chunk'],
    get over() {
      return compared.length >= comparisons;
    },
    wrong: async (variants) => wrong?.(variants),
    async compare(usual, other, of) {
      const reason = wrong?.(other);
      if (reason !== undefined) return { wrong: reason };
      compared.push(other);
      const [a, b] = [time(usual, of), time(other, of)];
      return { usual: a, other: b, share: b / a };
    },
  };
  return { bench, compared };
}

function chosen(script: Script, forced: Chosen = {}) {
  return choose({
    bench: scripted(script).bench,
    axes: TOOLS,
    caps: CAPS,
    numerics: 'exact',
    usual: { ...chooseVariants(CAPS, forced) },
    forced,
    settled: async () => undefined,
  });
}

test('a win of 15 % is taken, a smaller one is not', async () => {
  const win = await chosen({ time: ({ gemv }) => (gemv === 'thread' ? 8.5 : 10) });
  expect(win.variants).toMatchObject({ ...USUAL, gemv: 'thread' });
  expect(win.choices['gemv']).toEqual({
    value: 'thread',
    by: 'measured',
    milliseconds: { workgroup: 10, thread: 8.5 },
  });
  const near = await chosen({ time: ({ gemv }) => (gemv === 'thread' ? 8.6 : 10) });
  expect(near.variants).toMatchObject(USUAL);
  expect(near.choices['gemv']).toMatchObject({ value: 'workgroup', by: 'measured' });
  expect(near.complete).toBe(true);
});

test('an axis is chosen under what was chosen before it', async () => {
  // Subgroups cost this adapter much, but not where threads own whole results.
  const time = ({ gemv, subgroups }: Chosen) => (gemv === 'thread' ? 5 : subgroups === 'on' ? 10 : 1);
  const { variants, choices } = await chosen({ time });
  expect(variants).toMatchObject({ gemv: 'thread', subgroups: 'on' });
  expect(choices['subgroups']!.milliseconds).toEqual({ on: 5, off: 5 });
});

test('what is wrong is not taken, however fast', async () => {
  const { variants, choices, warning } = await chosen({
    wrong: ({ attention }) => (attention === 'thread' ? 'NaN' : undefined),
    time: ({ attention }) => (attention === 'thread' ? 1 : 10),
  });
  expect(variants).toMatchObject(USUAL);
  expect(choices['attention']).toEqual({ value: 'tile', by: 'measured', refused: { thread: 'NaN' } });
  expect(warning).toBeUndefined();
});

test('where the usual ones are wrong, the fewest others are taken', async () => {
  const { variants, choices, warning } = await chosen({
    wrong: ({ subgroups, gemv }) => (subgroups === 'on' && gemv === 'workgroup' ? 'sum off' : undefined),
    time: ({ subgroups }) => (subgroups === 'on' ? 9 : 10),
  });
  expect(
    Object.entries(variants).filter(([axis, value]) => USUAL[axis as keyof typeof USUAL] !== value),
  ).toHaveLength(1);
  const [axis] = Object.entries(choices).find(([, { refused }]) => refused)!;
  expect(choices[axis]!.refused).toEqual({ [USUAL[axis as keyof typeof USUAL]]: 'sum off' });
  expect(warning).toMatch(/sum off/);
});

test('where all are wrong, the adapter is refused by name; forced ones are taken with a warning', async () => {
  const wrong = () => 'q4_0 matmul: off';
  await expect(chosen({ wrong })).rejects.toMatchObject({
    code: 'gpu-error',
    message: expect.stringMatching(/^A card computes wrong.*q4_0 matmul: off.*driver/),
  });
  const { variants, choices, warning } = await chosen({ wrong }, { gemv: 'thread' });
  expect(variants).toMatchObject({ ...USUAL, gemv: 'thread' });
  expect(choices['gemv']).toEqual({ value: 'thread', by: 'forced' });
  expect(warning).toMatch(/forced/);
});

test('forced values stand, and others are chosen beside them', async () => {
  const script = { time: ({ gemv, gemm }: Chosen) => (gemv === 'thread' || gemm === 'thread' ? 1 : 10) };
  const { variants, choices } = await chosen(script, { gemv: 'workgroup' });
  expect(variants).toMatchObject({ gemv: 'workgroup', gemm: 'thread' });
  expect(choices['gemv']!.by).toBe('forced');
});

test('what an adapter lacks is not tried, nor what nothing of the model has', async () => {
  const { bench, compared } = scripted({ works: ['gemm'] });
  const caps = { ...CAPS, subgroups: undefined };
  const { variants, choices } = await choose({
    bench,
    axes: TOOLS,
    caps,
    numerics: 'exact',
    usual: { ...chooseVariants(caps) },
    forced: {},
    settled: async () => undefined,
  });
  expect(variants).toMatchObject({ ...USUAL, subgroups: 'off' });
  expect(compared.every(({ subgroups, attention }) => subgroups === 'off' && attention === 'tile')).toBe(
    true,
  );
  expect(choices['attention']).toEqual({ value: 'tile', by: 'usual' });
});

test('when the time is over the rest stays as usual', async () => {
  const { choices, complete } = await chosen({ comparisons: 1 });
  expect(choices['gemv']!.by).toBe('measured');
  expect(choices['attention']).toEqual({ value: 'tile', by: 'usual' });
  expect(complete).toBe(false);
});
