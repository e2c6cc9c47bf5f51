// How a load comes by its kernel variants: tried while the weights arrive, remembered by the next load, forced.

import { type ChoiceOptions, loadEngine, type LoadOptions } from '@quern/engine';
import { openDawn } from '@quern/gpu/node';
import type { QuernError } from '@quern/spec';
import { expect, test } from 'vitest';
import { caseSource, readCase } from './case.ts';
import { bytesOf, gated } from './gated-source.ts';
import { answer } from './requests.ts';

const CASE = 'quant-q8_0';
const { promptIds, greedyIds } = readCase(CASE);

interface Kept {
  complete: boolean;
  tries: number;
  axes: Record<string, { value: string }>;
}

/** What is kept, by its key. */
function keeping() {
  const kept = new Map<string, unknown>();
  const puts: string[] = [];
  const warnings: QuernError[] = [];
  const selfTest: ChoiceOptions = {
    platform: 'Test 1',
    kept: {
      get: async (key) => structuredClone(kept.get(key)),
      put: async (key, value) => (puts.push(key), void kept.set(key, structuredClone(value))),
    },
    onWarning: (warning) => void warnings.push(warning),
  };
  return { kept, puts, warnings, selfTest };
}

async function load(selfTest: ChoiceOptions, options: Partial<LoadOptions> = {}) {
  const engine = await loadEngine({
    sources: [caseSource(CASE)],
    gpu: await openDawn(),
    kv: 'f32',
    selfTest,
    ...options,
  });
  const { variants, variantChoices } = engine.info();
  const chosen = Object.entries(variantChoices).map(([axis, { value }]) => [axis, value]);
  expect(Object.fromEntries(chosen)).toEqual(variants);
  expect((await answer(engine, promptIds, { maxTokens: 2 })).ids).toEqual(greedyIds.slice(0, 2));
  await engine.unload();
  return variantChoices;
}

const how = (choices: Awaited<ReturnType<typeof load>>) =>
  new Set(Object.values(choices).map(({ by }) => by));

test('kernels are tried before the weights have come, and the next load remembers', async () => {
  const bytes = await bytesOf(caseSource(CASE));
  const source = gated(bytes, bytes.length - 8000);
  const { kept, puts, warnings, selfTest } = keeping();
  const loading = load(selfTest, { sources: [source] });
  loading.catch(() => undefined);
  while (puts.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  source.open();
  expect(how(await loading)).not.toContain('remembered');
  expect(warnings).toEqual([]);

  const [key] = puts as [string];
  const first = kept.get(key) as Kept;
  expect(first.tries).toBe(1);
  // A machine that is busy may have had no time for all.
  kept.set(key, { ...first, complete: true });
  expect(how(await load(selfTest))).toEqual(new Set(['remembered']));
  expect(puts).toEqual([key]);

  // Another value than was measured shows that it is what is kept that counts.
  const { attention } = first.axes as { attention: { value: string } };
  const other = attention.value === 'tile' ? 'thread' : 'tile';
  kept.set(key, { ...first, complete: true, axes: { ...first.axes, attention: { value: other } } });
  expect((await load(selfTest))['attention']).toEqual({ value: other, by: 'remembered' });
  // What is forced has a key of its own.
  expect((await load(selfTest, { variants: { attention: attention.value } }))['attention']!.by).toBe(
    'forced',
  );
  expect(new Set(puts).size).toBe(2);
});

test('what cannot be used is measured anew, and where all are forced nothing is asked', async () => {
  const { kept, puts, selfTest } = keeping();
  const variants = Object.fromEntries(
    Object.entries(await load(selfTest)).map(([axis, { value }]) => [axis, value]),
  );
  const [key] = puts as [string];
  const first = kept.get(key) as Kept;
  for (const damaged of [
    { ...first, axes: { ...first.axes, gemv: { value: 'magic' } } },
    { ...first, complete: false },
  ]) {
    kept.set(key, damaged);
    expect(how(await load(selfTest))).not.toContain('remembered');
  }
  expect(puts).toHaveLength(3);
  kept.set(key, { ...first, complete: false, tries: 3 });
  expect(how(await load(selfTest)), 'tried often enough').toEqual(new Set(['remembered']));
  expect(how(await load(selfTest, { variants }))).toEqual(new Set(['forced']));
  expect(puts).toHaveLength(3);
});

test('storage that fails costs a measurement and no more', async () => {
  const fail = () => Promise.reject(new Error('no storage'));
  expect(how(await load({ platform: 'Test 1', kept: { get: fail, put: fail } }))).not.toContain('remembered');
});
