import { dtypeByName } from '@quern/dtypes';
import { UNKNOWN_ADAPTER } from '@quern/gpu';
import { AXIS_NAMES } from '@quern/kernels';
import type { VariantChoice } from '@quern/spec';
import { expect, test } from 'vitest';
import { keptForm } from './kept-form.ts';
import type { Need } from './need.ts';
import { choiceKey, readRemembered } from './remembered.ts';

const CAPS = UNKNOWN_ADAPTER;
const NEED: Need = {
  matrices: [{ dtype: dtypeByName('q4_0')!, rows: 64, cols: 64, experts: 1, bytes: 1 }],
  dim: 64,
  layers: 2,
  heads: 2,
  kv: { type: 'f16', kvHeads: 1, keyDim: 32, valueDim: 32 },
  chunkRows: 32,
};
const VALUES: Record<string, string> = {
  gemv: 'thread',
  gemm: 'tile',
  attention: 'tile',
  subgroups: 'off',
  fold: 'on',
  gemvActivations: 'f32',
  gemmActivations: 'f32',
};
const CHOICES: Record<string, VariantChoice> = Object.fromEntries(
  AXIS_NAMES.map((axis) => [axis, { value: VALUES[axis]!, by: 'measured' }]),
);

function kept(): { complete: unknown; tries: unknown; axes: Record<string, Record<string, unknown>> } {
  return structuredClone(keptForm({ choices: CHOICES, complete: true, tries: 1 })) as ReturnType<typeof kept>;
}

test('what was kept comes back as remembered', () => {
  const choices = {
    ...CHOICES,
    gemv: {
      value: 'thread',
      by: 'measured' as const,
      milliseconds: { thread: 1, workgroup: 2 },
      refused: { magic: 'x'.repeat(5000) },
    },
  };
  const form = structuredClone(keptForm({ choices, complete: false, tries: 2 }));
  const read = readRemembered(form, CAPS, 'exact', {})!;
  expect(read).toMatchObject({ complete: false, tries: 2 });
  expect(read.choices['gemv']).toMatchObject({ by: 'remembered', milliseconds: { thread: 1, workgroup: 2 } });
  expect(read.choices['gemv']!.refused!['magic']!.length).toBeLessThan(1000);
  expect(read.choices['gemm']).toEqual({ value: 'tile', by: 'remembered' });
});

test('forced values need none and are not overruled', () => {
  const form = kept();
  delete form.axes['gemv'];
  expect(readRemembered(form, CAPS, 'exact', {})).toBeUndefined();
  expect(readRemembered(form, CAPS, 'exact', { gemv: 'workgroup' })!.choices['gemv']).toEqual({
    value: 'workgroup',
    by: 'forced',
  });
});

test.each<[string, (form: ReturnType<typeof kept>) => unknown]>([
  ['nothing', () => undefined],
  ['text', () => 'gemv=thread'],
  ['a list', () => []],
  ['no tries', (form) => ({ ...form, tries: 'many' })],
  ['a value that there is not', (form) => ((form.axes['gemv']!['value'] = 'magic'), form)],
  ['a value that this adapter lacks', (form) => ((form.axes['subgroups']!['value'] = 'on'), form)],
  ['a value that was not asked for', (form) => ((form.axes['gemvActivations']!['value'] = 'int8'), form)],
  ['an axis missing', (form) => (delete form.axes['gemm'], form)],
  ['a prototype', (form) => ({ ...form, axes: Object.create(form.axes) as object })],
])('%s is ignored', (_, damage) => {
  expect(readRemembered(kept(), CAPS, 'exact', {}), 'undamaged').toBeDefined();
  expect(readRemembered(damage(kept()), CAPS, 'exact', {})).toBeUndefined();
});

test('times and reasons that are none are left out', () => {
  const form = kept();
  form.axes['gemv']!['milliseconds'] = { thread: 'fast', workgroup: NaN };
  form.axes['gemm']!['refused'] = { thread: 3, tile: 'x'.repeat(500) };
  const { choices } = readRemembered(form, CAPS, 'exact', {})!;
  expect(choices['gemv']).toEqual({ value: 'thread', by: 'remembered' });
  expect(choices['gemm']).toEqual({ value: 'tile', by: 'remembered' });
});

test('adapter, platform, what the model needs and what is forced each have a choice of their own', () => {
  const other = (change: Partial<Need>) => choiceKey(CAPS, 'Browser 1', { ...NEED, ...change }, 'exact', {});
  const keys = [
    choiceKey(CAPS, 'Browser 1', NEED, 'exact', {}),
    choiceKey({ ...CAPS, description: 'another driver' }, 'Browser 1', NEED, 'exact', {}),
    choiceKey(CAPS, 'Browser 2', NEED, 'exact', {}),
    other({ heads: 4 }),
    other({ kv: { ...NEED.kv, type: 'q8' } }),
    other({ matrices: [{ ...NEED.matrices[0]!, dtype: dtypeByName('q8_0')! }] }),
    choiceKey(CAPS, 'Browser 1', NEED, 'exact', { gemv: 'thread' }),
    choiceKey(CAPS, 'Browser 1', NEED, 'fast', {}),
  ];
  expect(keys[0]).toBeTypeOf('string');
  expect(new Set(keys).size).toBe(keys.length);
  expect(choiceKey({ ...CAPS }, 'Browser 1', { ...NEED, layers: 3 }, 'exact', {})).toBe(keys[0]);
});
