// Files and tensors beyond 2^31 and 2^32 bytes: nothing that says where a byte is may be cut to 32 bits.
import { dtypeByName } from '@quern/dtypes';
import { describe, expect, test } from 'vitest';
import { openGguf } from './gguf/open-gguf.ts';
import { openSafetensors } from './safetensors/open-safetensors.ts';
import { type GgufTensor, memorySource, sparseByte, sparseSource, writeGguf } from './testing/index.ts';

const GB = 1e9;
/** Of 2 560 f32 values. */
const ROW = 10_240;
const ROWS = 244_141;
/** 2.5 GB and a little. */
const LARGE = ROW * ROWS;
const NOTHING = new Uint8Array(0);

/** Two tensors of 2.5 GB, one behind the other, and a small one behind both. */
const LAYOUT: GgufTensor[] = [
  { name: 'a.weight', type: 'f32', shape: [ROWS, ROW / 4], offset: 0, bytes: NOTHING },
  { name: 'b.weight', type: 'f32', shape: [ROWS, ROW / 4], offset: LARGE, bytes: NOTHING },
  { name: 'c.weight', type: 'f16', shape: [32], offset: 2 * LARGE, bytes: NOTHING },
];

test('a GGUF of 5 GB: tensors lie where they lie', async () => {
  const head = writeGguf({ tensors: LAYOUT });
  const source = sparseSource(head, head.length + 2 * LARGE + 64);
  expect(source.byteLength).toBeGreaterThan(2 ** 32);
  const file = await openGguf([source]);
  const places = [...file.tensors.values()].map(({ offset, byteLength }) => [offset, byteLength]);
  expect(places).toEqual([
    [head.length, LARGE],
    [head.length + LARGE, LARGE],
    [head.length + 2 * LARGE, 64],
  ]);
  const last = file.tensors.get('b.weight')!;
  const at = last.offset + (ROWS - 1) * ROW;
  const row = await source.read(at, ROW);
  expect([row[0], row.at(-1)]).toEqual([sparseByte(at), sparseByte(at + ROW - 1)]);
  expect(source.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(2 ** 20);
});

describe('what is wrong is found there too', () => {
  test('a file that ends within its last tensor', async () => {
    const head = writeGguf({ tensors: LAYOUT });
    await expect(openGguf([sparseSource(head, head.length + 2 * LARGE + 63)])).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringContaining(`ends at byte ${head.length + 2 * LARGE + 64}`),
    });
  });

  // 2^32 further on would be where it belongs.
  test.each([2 ** 31, 2 ** 32])('an offset of %d less', async (less) => {
    const tensors = LAYOUT.map((tensor) =>
      tensor.name === 'c.weight' ? { ...tensor, offset: tensor.offset! - less } : tensor,
    );
    const head = writeGguf({ tensors });
    await expect(openGguf([sparseSource(head, head.length + 2 * LARGE + 64)])).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringContaining('inside'),
    });
  });

  test('a tensor of more than 2^32 values in a small file', async () => {
    const tensors = [{ name: 'a', type: 'q4_0', shape: [2 ** 17, 2 ** 16], bytes: NOTHING }];
    const head = writeGguf({ tensors });
    await expect(openGguf([memorySource(head)])).rejects.toMatchObject({
      message: expect.stringContaining(`ends at byte ${head.length + (2 ** 33 / 32) * 18}`),
    });
  });
});

test('a split GGUF, each part beyond 2^32', async () => {
  const part = (no: number, names: string[]) => {
    const tensors = names.map((name, i) => ({
      name,
      type: 'f32',
      shape: [ROWS, ROW / 4],
      offset: i * LARGE,
      bytes: NOTHING,
    }));
    const head = writeGguf({
      metadata: { 'split.no': ['u16', no], 'split.count': ['u16', 2], 'split.tensors.count': ['i32', 4] },
      tensors,
    });
    return sparseSource(head, head.length + 2 * LARGE, `m-0000${no + 1}-of-00002.gguf`);
  };
  const parts = [part(1, ['c', 'd']), part(0, ['a', 'b'])];
  const { tensors, sources } = await openGguf(parts);
  expect(sources.map(({ name }) => name)).toEqual(['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf']);
  const { file, offset } = tensors.get('d')!;
  expect([file, offset + LARGE]).toEqual([1, parts[0]!.byteLength]);
});

test('safetensors beyond 2^32', async () => {
  const shape = [ROWS, ROW / 4];
  const header = JSON.stringify({
    'model.embed_tokens.weight': { dtype: 'F32', shape, data_offsets: [0, LARGE] },
    'lm_head.weight': { dtype: 'F32', shape, data_offsets: [LARGE, 2 * LARGE] },
  });
  const head = new Uint8Array(8 + header.length);
  new DataView(head.buffer).setBigUint64(0, BigInt(header.length), true);
  head.set(new TextEncoder().encode(header), 8);
  const config = new TextEncoder().encode(
    JSON.stringify({
      model_type: 'llama',
      hidden_size: ROW / 4,
      num_hidden_layers: 1,
      num_attention_heads: 20,
    }),
  );
  const open = (byteLength: number) =>
    openSafetensors([
      sparseSource(head, byteLength, 'model.safetensors'),
      memorySource(config, 'config.json'),
    ]);
  const { tensors } = await open(head.length + 2 * LARGE);
  expect(tensors.get('lm_head.weight')).toMatchObject({
    dtype: dtypeByName('f32'),
    offset: head.length + LARGE,
    byteLength: LARGE,
  });
  expect(head.length + 2 * LARGE).toBeGreaterThan(5 * GB);
  await expect(open(head.length + 2 * LARGE - 1)).rejects.toMatchObject({ code: 'corrupt-file' });
});
