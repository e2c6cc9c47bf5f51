import type { MetadataValue } from '@quern/formats';
import { describe, expect, test } from 'vitest';
import { deepseek2 } from './deepseek2.ts';

const KEY = 'deepseek2';

function config(more: Record<string, MetadataValue> = {}) {
  const common = {
    embedding_length: 64,
    block_count: 2,
    context_length: 512,
    vocab_size: 100,
    feed_forward_length: 128,
    'attention.head_count': 4,
    'attention.layer_norm_rms_epsilon': 1e-6,
    'attention.kv_lora_rank': 32,
    'rope.dimension_count': 16,
    'attention.key_length': 48,
    'attention.value_length': 24,
  };
  const entries = Object.entries({ ...common, ...more });
  return deepseek2.config(
    new Map(entries.map(([name, value]) => [`${KEY}.${name}`, value])),
    KEY,
  ) as ReturnType<typeof deepseek2.config> & {
    scoreScale: number;
    rope(i: number): { scaling: Record<string, unknown> };
    latent: object;
    moe?: { routing: object };
  };
}

test('the cache has one row a token, whichever way the file gives sizes', () => {
  const row = { kvHeads: 1, keyDim: 48, valueDim: 32, latent: true };
  const older = config({ 'attention.head_count_kv': 4 });
  expect(older.cache).toEqual([row, row]);
  expect(older.latent).toMatchObject({ plain: 32, rotated: 16, valueDim: 24, queryRank: undefined });
  const absorbed = config({
    'attention.head_count_kv': 1,
    'attention.key_length_mla': 48,
    'attention.value_length_mla': 24,
    'attention.key_length': 576,
    'attention.value_length': 512,
    'attention.q_lora_rank': 40,
  });
  expect(absorbed.cache).toEqual([row, row]);
  expect(absorbed.latent).toMatchObject({ plain: 32, rotated: 16, valueDim: 24, queryRank: 40 });
});

describe('YaRN', () => {
  const yarn = { 'rope.scaling.type': 'yarn', 'rope.scaling.factor': 40 };
  const m = (scale: number) => 1 + 0.1 * scale * Math.log(40);
  const plain = 48 ** -0.5;

  test.each([
    // As GGUF has it: 0.1 mscale_all_dim, which is mscale too.
    [{ 'rope.scaling.yarn_log_multiplier': 0.0707 }, plain * m(0.707) ** 2, 1],
    [
      { 'rope.scaling.yarn_mscale': 0.707, 'rope.scaling.yarn_mscale_all_dim': 0.707 },
      plain * m(0.707) ** 2,
      1,
    ],
    [
      { 'rope.scaling.yarn_mscale': 1, 'rope.scaling.yarn_mscale_all_dim': 0.5 },
      plain * m(0.5) ** 2,
      m(1) / m(0.5),
    ],
    // As transformers reads a config that names one of the two.
    [{ 'rope.scaling.yarn_mscale_all_dim': 0.5 }, plain * m(0.5) ** 2, m(1)],
    [{ 'rope.scaling.yarn_mscale': 0.5 }, plain, m(1)],
    [{}, plain, m(1)],
  ])('%o', (keys, scoreScale, magnitude) => {
    const c = config({ ...yarn, ...keys });
    expect(c.scoreScale).toBeCloseTo(scoreScale, 12);
    expect((c.rope(0).scaling as { magnitude: number }).magnitude).toBeCloseTo(magnitude, 12);
  });
});

describe('experts', () => {
  const experts = {
    expert_count: 16,
    expert_used_count: 4,
    expert_group_count: 4,
    expert_group_used_count: 2,
    expert_feed_forward_length: 32,
    expert_weights_scale: 2.5,
  };
  test('of a sigmoid stand by their best two a group, of a softmax by the best', () => {
    const sigmoid = config({ ...experts, expert_gating_func: 2, expert_weights_norm: true });
    expect(sigmoid.moe!.routing).toEqual({
      score: 'sigmoid',
      normalised: true,
      scale: 2.5,
      groups: { count: 4, kept: 2, by: 'best_two' },
    });
    const softmax = config(experts);
    expect(softmax.moe!.routing).toMatchObject({
      score: 'softmax',
      normalised: false,
      groups: { by: 'best' },
    });
  });
});

test('what predicts ahead is no layer of the model', () => {
  expect(config({ block_count: 3, nextn_predict_layers: 1 }).cache).toHaveLength(2);
  expect(() => config({ nextn_predict_layers: 2 })).toThrow(/none of which/);
});

test('GLM 4.7 Flash has a sigmoid, though its first files do not say so', () => {
  const experts = { expert_count: 4, expert_used_count: 2, expert_feed_forward_length: 32 };
  const flash = { ...experts, block_count: 48, nextn_predict_layers: 1, vocab_size: 154880 };
  expect(config(flash).moe!.routing).toMatchObject({ score: 'sigmoid' });
  expect(config({ ...flash, expert_gating_func: 1 }).moe!.routing).toMatchObject({ score: 'softmax' });
  expect(config(experts).moe!.routing).toMatchObject({ score: 'softmax' });
});

test.each([
  ['a rank beyond the kernel', { 'attention.kv_lora_rank': 520 }],
  ['an odd rank', { 'attention.kv_lora_rank': 33 }],
  ['nothing that turns', { 'rope.dimension_count': 0 }],
  ['nothing that does not', { 'rope.dimension_count': 48 }],
])('%s is refused', (_, keys) => {
  expect(() => config(keys)).toThrow(/multiple of 8/);
});

test('pairs of halves are refused by name', () => {
  expect(() => config({ 'rope.pairs': 'halves' })).toThrow(/rope_interleave/);
});
