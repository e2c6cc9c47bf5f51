import type { MetadataValue } from '@quern/formats';
import { expect, test } from 'vitest';
import { llama4 } from './llama4.ts';

function config(more: Record<string, MetadataValue> = {}) {
  const common = {
    embedding_length: 64,
    block_count: 8,
    context_length: 1 << 20,
    vocab_size: 100,
    feed_forward_length: 128,
    'attention.head_count': 4,
    'attention.layer_norm_rms_epsilon': 1e-5,
    expert_count: 16,
    expert_used_count: 1,
    expert_feed_forward_length: 32,
  };
  const entries = Object.entries({ ...common, ...more });
  const c = llama4.config(new Map(entries.map(([name, value]) => [`llama4.${name}`, value])), 'llama4');
  return c as typeof c & {
    rope(i: number): { rotated: number };
    bareHeadNorms(i: number): boolean;
    temperature(i: number): object | undefined;
    moe?: object;
  };
}

const layers = [0, 1, 2, 3, 4, 5, 6, 7];

test('what published files leave out: every fourth layer sees all, without RoPE, by temperature', () => {
  const c = config();
  expect(layers.map((i) => c.reach!(i)?.tokens)).toEqual([
    8192,
    8192,
    8192,
    undefined,
    8192,
    8192,
    8192,
    undefined,
  ]);
  expect(layers.map((i) => c.rope(i).rotated)).toEqual([16, 16, 16, 0, 16, 16, 16, 0]);
  expect(layers.map((i) => c.bareHeadNorms(i))).toEqual([true, true, true, false, true, true, true, false]);
  expect([c.temperature(2), c.temperature(3)]).toEqual([undefined, { length: 8192, scale: 0.1 }]);
  expect(c.moe).toMatchObject({ weighted: 'input', routing: { score: 'sigmoid', normalised: false } });
});

test('Maverick, by its 128 experts, has no norms of queries and keys', () => {
  expect(config({ expert_count: 128 }).bareHeadNorms(0)).toBe(false);
});

test('a window of 0: no chunks, RoPE everywhere, no temperature', () => {
  const c = config({ 'attention.sliding_window': 0 });
  expect(layers.map((i) => c.reach!(i))).toEqual(layers.map(() => undefined));
  expect(layers.map((i) => c.rope(i).rotated)).toEqual(layers.map(() => 16));
  expect(layers.map((i) => c.temperature(i))).toEqual(layers.map(() => undefined));
});

test('what files do say counts', () => {
  const c = config({
    'attention.sliding_window': 64,
    'attention.temperature_length': 32,
    'attention.temperature_scale': 0.5,
  });
  expect(c.reach!(0)).toEqual({ kind: 'chunk', tokens: 64 });
  expect(c.temperature(3)).toEqual({ length: 32, scale: 0.5 });
  expect(config({ 'attention.temperature_scale': 0 }).temperature(3)).toBeUndefined();
  expect(() => config({ 'attention.temperature_length': 0 })).toThrow(/counts tokens/);
});
