import { describe, expect, test } from 'vitest';
import { translateConfig } from './config-metadata.ts';

const BASE = { model_type: 'llama4_text', hidden_size: 48, num_hidden_layers: 5 };
const read = (more: Record<string, unknown>) => translateConfig({ ...BASE, ...more });
const value = (more: Record<string, unknown>, key: string) => read(more).metadata.get(`llama4_text.${key}`);

test('widths: of an expert, and of layers without experts', () => {
  const widths = { intermediate_size: 24, intermediate_size_mlp: 64 };
  expect(value(widths, 'expert_feed_forward_length')).toBe(24);
  expect(value(widths, 'feed_forward_length')).toBe(64);
});

test.each([
  [{}, 0.1],
  [{ attn_temperature_tuning: 4, attn_scale: 0.2 }, 0.2],
  [{ attn_temperature_tuning: true }, 0.1],
  [{ attn_temperature_tuning: false }, 0],
  [{ attn_temperature_tuning: 0 }, 0],
])('temperature of %o is %d', (more, scale) => {
  expect(value(more, 'attention.temperature_scale')).toBe(scale);
});

describe('layers without RoPE', () => {
  test.each([
    [{}, [true, true, true, false, true]],
    [{ no_rope_layers: [] }, [true, true, true, false, true]],
    [{ no_rope_layers: [0, 1, 1, 1, 0] }, [false, true, true, true, false]],
    [{ no_rope_layer_interval: 2 }, [true, false, true, false, true]],
  ])('%o', (more, pattern) => {
    expect(value(more, 'rope.layer_pattern')).toEqual(pattern);
  });
  test('too short a list', () => {
    expect(() => read({ no_rope_layers: [1, 1] })).toThrow(
      expect.objectContaining({ code: 'corrupt-file', message: expect.stringContaining('2 of 5') }),
    );
  });
  test('kinds that say otherwise are refused by name', () => {
    const kinds = ['chunked', 'chunked', 'chunked', 'full', 'chunked'].map((kind) => `${kind}_attention`);
    expect(read({ layer_types: kinds }).refused).toBeUndefined();
    expect(read({ layer_types: kinds.toReversed() }).refused).toMatch(/layer 1 full_attention/);
  });
});
