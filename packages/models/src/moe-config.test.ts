import type { Metadata, MetadataValue } from '@quern/formats';
import { describe, expect, test } from 'vitest';
import { moeConfig } from './moe-config.ts';

const SOFTMAX = { score: 'softmax', normalised: false } as const;
const metadata = (values: Record<string, MetadataValue>): Metadata =>
  new Map(Object.entries({ feed_forward_length: 96, ...values }).map(([key, value]) => [`m.${key}`, value]));
const BASE = { expert_count: 16, expert_used_count: 4 };

test('a model without experts has no mixture', () => {
  expect(moeConfig(metadata({}), 'm', SOFTMAX)).toBeUndefined();
});

test('what the file leaves out is the family’s', () => {
  expect(moeConfig(metadata(BASE), 'm', SOFTMAX)).toEqual({
    experts: 16,
    used: 4,
    inner: 96,
    activation: 'silu',
    weighted: 'result',
    layout: { interleaved: false, transposed: false },
    limit: 7,
    routing: { score: 'softmax', normalised: false, scale: 1, groups: undefined },
  });
});

test('what the file says counts', () => {
  const all = {
    ...BASE,
    expert_feed_forward_length: 32,
    expert_gating_func: 2,
    expert_weights_norm: true,
    expert_weights_scale: 2.5,
    expert_group_count: 8,
    expert_group_used_count: 2,
  };
  expect(moeConfig(metadata(all), 'm', { ...SOFTMAX, activation: 'clamped' })).toMatchObject({
    inner: 32,
    activation: 'clamped',
    routing: {
      score: 'sigmoid',
      normalised: true,
      scale: 2.5,
      groups: { count: 8, kept: 2, by: 'best_two' },
    },
  });
});

describe('counts that make no sense are refused', () => {
  test.each<Record<string, number>>([
    { expert_used_count: 17 },
    { expert_used_count: 0 },
    { expert_count: 4096 },
    { expert_feed_forward_length: 0 },
    { expert_group_count: 3, expert_group_used_count: 1 },
    { expert_group_count: 8, expert_group_used_count: 1 },
    { expert_group_count: 4, expert_group_used_count: 0 },
  ])('%o', (values) => {
    expect(() => moeConfig(metadata({ ...BASE, ...values }), 'm', SOFTMAX)).toThrow(
      expect.objectContaining({ code: 'corrupt-file' }),
    );
  });
  test('a gating function that is not known', () => {
    expect(() => moeConfig(metadata({ ...BASE, expert_gating_func: 9 }), 'm', SOFTMAX)).toThrow(
      expect.objectContaining({ code: 'unsupported-architecture', message: expect.stringContaining('9') }),
    );
  });
});
