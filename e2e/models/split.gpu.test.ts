// A GGUF in several files, as llama.cpp's gguf-split writes them: tensors spread, the metadata in the first.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectModel, loadEngine } from '@quern/engine';
import { type MetadataValue, openGguf } from '@quern/formats';
import { type GgufTensor, type GgufValue, writeGguf } from '@quern/formats/testing';
import { openDawn } from '@quern/gpu/node';
import { openModel } from '@quern/store/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { caseSource } from './case.ts';
import { checkCase } from './check-case.ts';

const PARTS = 3;
let folder: string;
const partName = (part: number) => `tiny-0000${part + 1}-of-0000${PARTS}.gguf`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quern-split-'));
  const source = caseSource('arch-llama');
  const { metadata, tensors } = await openGguf([source]);
  const all = await Promise.all(
    [...tensors.values()].map(async ({ name, dtype, shape, offset, byteLength }): Promise<GgufTensor> => {
      return { name, type: dtype.name, shape, bytes: await source.read(offset, byteLength) };
    }),
  );
  const each = Math.ceil(all.length / PARTS);
  for (let part = 0; part < PARTS; part++) {
    const split: Array<readonly [string, GgufValue]> = [
      ['split.no', ['u16', part]],
      ['split.count', ['u16', PARTS]],
      ['split.tensors.count', ['i32', all.length]],
    ];
    const own = part === 0 ? [...metadata].map(([key, value]) => [key, typed(value)] as const) : [];
    const file = writeGguf({
      metadata: [...own, ...split],
      tensors: all.slice(part * each, (part + 1) * each),
    });
    await writeFile(join(folder, partName(part)), file);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('from the name of any part', async () => {
  await checkCase('arch-llama', 'f32', await openModel(join(folder, partName(1))));
});

test('from the folder', async () => {
  const sources = await openModel(folder);
  expect(sources.map(({ name }) => name)).toEqual([0, 1, 2].map(partName));
  const whole = await inspectModel({ sources: [caseSource('arch-llama')] });
  const { metadata, plan, tensors } = await inspectModel({ sources });
  expect(tensors).toEqual(whole.tensors);
  expect(plan).toMatchObject({ memory: whole.plan.memory, parameters: whole.plan.parameters, problems: [] });
  expect(plan.files.map(({ name }) => name)).toEqual([0, 1, 2].map(partName));
  expect(metadata).toMatchObject({ ...whole.metadata, 'split.count': 'number 3' });
});

test('a part too few is named, before anything is loaded', async () => {
  const given = await openModel([join(folder, partName(0)), join(folder, partName(2))]);
  await expect(loadEngine({ sources: given, gpu: await openDawn() })).rejects.toMatchObject({
    code: 'corrupt-file',
    message: expect.stringContaining('part 1 of 3, but 2 files were given'),
  });
});

function typed(value: MetadataValue): GgufValue {
  if (typeof value === 'string') return ['string', value];
  if (typeof value === 'boolean') return ['bool', value];
  if (typeof value === 'number') return [Number.isInteger(value) ? 'u32' : 'f32', value];
  if (value instanceof Float32Array) return ['array', 'f32', [...value]];
  if (value instanceof Int32Array) return ['array', 'i32', [...value]];
  if (Array.isArray(value) && typeof value[0] === 'string') return ['array', 'string', value as string[]];
  throw new Error(`the test has no type for ${String(value)}`);
}
