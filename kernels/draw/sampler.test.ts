import { GREEDY } from '@quern/spec';
import { expect, test } from 'vitest';
import { samplerWords } from './sampler.ts';

test('packs every field at its word', () => {
  const words = samplerWords(
    {
      temperature: 0.5,
      topK: 40,
      topP: 0.25,
      minP: 0.125,
      repetitionPenalty: 1.5,
      frequencyPenalty: -2,
      presencePenalty: 0.75,
      logitBias: [
        [3, 1],
        [4, -1],
      ],
      seed: 2 ** 32 * 5 + 7,
    },
    2,
  );
  const floats = new Float32Array(words.buffer);
  expect([floats[0], words[1], floats[2], floats[3]]).toEqual([0.5, 40, 0.25, 0.125]);
  expect([floats[4], floats[5], floats[6]]).toEqual([1.5, -2, 0.75]);
  expect(Array.from(words.slice(7))).toEqual([7, 5, 2, 0, 0, 0, 0, 0, 0]);
});

test('a negative seed is a seed of its own', () => {
  expect(Array.from(samplerWords({ ...GREEDY, seed: -1 }).slice(7, 9))).toEqual([0xffffffff, 0xffffffff]);
});

test.each([
  ['temperature', Number.NaN],
  ['topP', Infinity],
  ['topK', 1.5],
  ['topK', -1],
  ['seed', 0.5],
  ['repetitionPenalty', 0],
])('refuses %s = %d', (name, value) => {
  expect(() => samplerWords({ ...GREEDY, [name]: value })).toThrow(name);
});
