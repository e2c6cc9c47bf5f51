// Models in several files.

import { expect, test } from 'vitest';
import { memorySource, writeGguf, type GgufTensor, type GgufValue } from '../testing/index.ts';
import { openGguf } from './open-gguf.ts';

interface PartOptions {
  number: number;
  count?: number;
  tensors?: readonly GgufTensor[];
  metadata?: Record<string, GgufValue>;
}

function part({ number, count = 3, tensors, metadata = {} }: PartOptions) {
  const bytes = writeGguf({
    metadata: { 'split.no': ['u16', number], 'split.count': ['u16', count], ...metadata },
    tensors: tensors ?? [{ name: `t${number}`, type: 'f32', shape: [4 + number] }],
  });
  return memorySource(bytes, `part-${number}.gguf`);
}

const first = () => part({ number: 0, metadata: { 'split.tensors.count': ['i32', 3], size: ['u32', 7] } });

function opening(sources: ReturnType<typeof part>[]) {
  return expect(openGguf(sources)).rejects;
}

test('joins the parts in any order', async () => {
  const given = [part({ number: 2 }), first(), part({ number: 1 })];
  const model = await openGguf(given);
  expect(model.metadata.get('size')).toBe(7);
  expect([...model.tensors.values()].map(({ name, file }) => [name, file])).toEqual([
    ['t0', 0],
    ['t1', 1],
    ['t2', 2],
  ]);
  expect(model.sources.map((source) => source.name)).toEqual(['part-0.gguf', 'part-1.gguf', 'part-2.gguf']);
});

test('a split of one is a plain file', async () => {
  const model = await openGguf([part({ number: 0, count: 1 })]);
  expect(model.tensors.size).toBe(1);
});

test('names how many parts there should be', async () => {
  await opening([first()]).toMatchObject({
    code: 'corrupt-file',
    message: 'part-0.gguf: it is part 1 of 3, but 1 file was given; give all parts of the model',
  });
  await opening([first(), part({ number: 1 })]).toThrow('part 1 of 3, but 2 files were given');
});

test('refuses the same part twice', async () => {
  await opening([first(), part({ number: 1 }), part({ number: 1 })]).toThrow(
    'part-1.gguf: it is part 2 of 3, and so is part-1.gguf',
  );
});

test('refuses a part number past the count', async () => {
  await opening([first(), part({ number: 1 }), part({ number: 3 })]).toThrow('split.no is 3 of 3');
});

test('refuses a whole model among parts, and two whole models', async () => {
  const whole = memorySource(writeGguf({}), 'whole.gguf');
  await opening([first(), part({ number: 1 }), whole]).toThrow('whole.gguf: it is not part of a split model');
  await opening([whole, whole]).toThrow('whole.gguf: it is not part of a split model');
});

test('refuses a tensor that two parts hold', async () => {
  const again = part({ number: 2, tensors: [{ name: 't1', type: 'f32', shape: [1] }] });
  await opening([first(), part({ number: 1 }), again]).toThrow('part-2.gguf: tensor "t1" appears twice');
});

test('refuses parts that hold another number of tensors than the first says', async () => {
  await opening([first(), part({ number: 1 }), part({ number: 2, tensors: [] })]).toThrow(
    'split.tensors.count is 3, but the files hold 2',
  );
});
