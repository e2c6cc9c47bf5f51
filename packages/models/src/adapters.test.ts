// The rows of an adapter in the order of its base's, where formats differ. Adapters at work: e2e/models/lora.slow.gpu.test.ts.

import type { Metadata } from '@quern/formats';
import { expect, test } from 'vitest';
import { rowOrder } from './adapters.ts';

function base(format: 'gguf' | 'safetensors', architecture: string, heads: number, kvHeads: number) {
  const metadata: Metadata = new Map([
    [`${architecture}.attention.head_count`, heads],
    [`${architecture}.attention.head_count_kv`, kvHeads],
    [`${architecture}.attention.key_length`, 4],
  ]);
  return { format, architecture, metadata } as const;
}

function rows(order: ((row: number) => number) | undefined, count: number): number[] | undefined {
  return order && Array.from({ length: count }, (_, i) => order(i));
}

test('queries and keys of families that GGUF permutes, where one of two is a GGUF', () => {
  const [gguf, folder] = [base('gguf', 'llama', 2, 1), base('safetensors', 'mistral', 2, 1)];
  const q = 'blk.3.attn_q.weight';
  // Pairs of a head of 4 are (0, 2) and (1, 3) in a checkpoint; side by side in GGUF.
  expect(rows(rowOrder({ format: 'peft' }, gguf, q, 8), 8)).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
  expect(rows(rowOrder({ format: 'gguf' }, folder, q, 8), 8)).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
  expect(rows(rowOrder({ format: 'peft' }, gguf, 'blk.3.attn_k.weight', 4), 4)).toEqual([0, 2, 1, 3]);
  expect(rowOrder({ format: 'gguf' }, gguf, q, 8)).toBeUndefined();
  expect(rowOrder({ format: 'peft' }, folder, q, 8)).toBeUndefined();
  expect(rowOrder({ format: 'peft' }, gguf, 'blk.3.attn_v.weight', 4)).toBeUndefined();
  expect(rowOrder({ format: 'peft' }, base('gguf', 'qwen3', 2, 1), q, 8)).toBeUndefined();
});

test('wider heads: the two directions undo each other', () => {
  const to = rowOrder({ format: 'peft' }, base('gguf', 'llama', 1, 1), 'blk.0.attn_q.weight', 8)!;
  const back = rowOrder({ format: 'gguf' }, base('safetensors', 'llama', 1, 1), 'blk.0.attn_q.weight', 8)!;
  expect(rows(to, 8)).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
  expect(rows((i) => to(back(i)), 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('queries, keys and values that checkpoints hold group by group', () => {
  const name = 'blk.0.attn_qkv.weight';
  // Two groups of two queries, a key and a value, heads of 4: 0 1 K V, 2 3 K V.
  const heads = [0, 1, 4, 5, 2, 6, 3, 7].map((head) => head * 4);
  const expected = heads.flatMap((first) => [first, first + 1, first + 2, first + 3]);
  for (const format of ['gguf', 'safetensors'] as const) {
    const falcon = base(format, 'falcon', 4, 2);
    expect(rows(rowOrder({ format: 'peft' }, falcon, name, 32), 32)).toEqual(expected);
    expect(rowOrder({ format: 'gguf' }, falcon, name, 32)).toBeUndefined();
  }
});
