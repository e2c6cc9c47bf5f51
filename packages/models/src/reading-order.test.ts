import { expect, test } from 'vitest';
import { inOrderOfBytes, inOrderOfUse } from './reading-order.ts';

const stored = [
  'output.weight',
  'blk.0.ffn_down.weight',
  'blk.0.attn_q.weight',
  'blk.10.attn_q.weight',
  'blk.2.attn_q.weight',
  'token_embd.weight',
  'output_norm.weight',
].map((name, i) => ({ name, file: i < 4 ? 0 : 1, offset: 100 * (i % 4) }));
const names = (order: typeof inOrderOfUse) => stored.toSorted(order).map(({ name }) => name);

test('the order of bytes goes file by file', () => {
  expect(stored.toReversed().toSorted(inOrderOfBytes)).toEqual(stored);
});

test('the order of use: embedding, layers by number, head', () => {
  expect(names(inOrderOfUse)).toEqual([
    'token_embd.weight',
    'blk.0.ffn_down.weight',
    'blk.0.attn_q.weight',
    'blk.2.attn_q.weight',
    'blk.10.attn_q.weight',
    'output.weight',
    'output_norm.weight',
  ]);
});
