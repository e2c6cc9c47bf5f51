// What a broken or malicious folder gets: always a QuernError that says what and where, never anything else.

import { QuernError, type ByteSource } from '@quern/spec';
import { describe, expect, test } from 'vitest';
import { requireDecodable } from '../model-file.ts';
import { openModelFile } from '../open-model-file.ts';
import { memorySource } from '../testing/memory-source.ts';
import { writeSafetensors } from '../testing/safetensors-writer.ts';
import { openSafetensors } from './open-safetensors.ts';

const CONFIG = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  vocab_size: 100,
};
const TENSOR = { name: 'model.norm.weight', dtype: 'F32', shape: [64], bytes: new Uint8Array(256) };

function json(name: string, value: unknown): ByteSource {
  return memorySource(new TextEncoder().encode(JSON.stringify(value)), name);
}

function weights(bytes: Uint8Array, name = 'model.safetensors'): ByteSource {
  return memorySource(bytes, name);
}

const sound = () => weights(writeSafetensors([TENSOR]));

async function refuses(sources: ByteSource[], message: string, code = 'corrupt-file'): Promise<void> {
  const error: unknown = await openSafetensors(sources).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(QuernError);
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) as string });
}

/** A file whose header is this JSON over 256 bytes of data. */
function headed(header: unknown): ByteSource[] {
  return [json('config.json', CONFIG), weights(writeSafetensors([TENSOR], header))];
}

const entry = (more: object) => ({ x: { dtype: 'F32', shape: [64], data_offsets: [0, 256], ...more } });

describe('a file of weights', () => {
  test('cut at any byte', async () => {
    const bytes = writeSafetensors([TENSOR]);
    for (let length = 0; length < bytes.length; length++) {
      const sources = [json('config.json', CONFIG), weights(bytes.subarray(0, length))];
      await expect(openSafetensors(sources), `${length} bytes`).rejects.toMatchObject({
        code: 'corrupt-file',
      });
    }
  });

  test.each([
    [0n, 'its header claims 0 bytes'],
    [100_000_001n, 'its header claims 100000001 bytes'],
    [1n << 63n, 'its header claims 9223372036854775808 bytes'],
    [5000n, 'its download is incomplete'],
  ])('a header of %i bytes', async (length, message) => {
    const bytes = writeSafetensors([TENSOR]);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    await refuses([json('config.json', CONFIG), weights(bytes)], message);
  });

  test.each<[string, unknown, string]>([
    ['not JSON', undefined, 'is not JSON'],
    ['a list', [1], 'is not a JSON object'],
    ['an entry of text', { x: 'y' }, 'tensor "x": its entry is not an object'],
    ['no name', { '': entry({}).x }, 'its name has 0 characters'],
    ['a long name', { ['n'.repeat(2000)]: entry({}).x }, 'its name has 2000 characters'],
    ['an unknown type', entry({ dtype: 'Q9' }), 'its dtype is "Q9"'],
    ['a type of Object', entry({ dtype: 'toString' }), 'its dtype is "toString"'],
    ['no shape', entry({ shape: 'x' }), 'its shape is not a list'],
    ['too many dimensions', entry({ shape: [1, 1, 1, 1, 1, 1, 1, 1, 64] }), 'its shape is not a list'],
    ['negative sizes', entry({ shape: [-64] }), 'its shape is not a list'],
    ['sizes that overflow', entry({ shape: [2 ** 52, 2 ** 52] }), 'do not hold'],
    ['offsets in reverse', entry({ data_offsets: [256, 0] }), 'bytes 256 to 0 do not hold'],
    ['offsets that are no numbers', entry({ data_offsets: [0, '256'] }), 'are not two whole numbers'],
    ['too few bytes', entry({ data_offsets: [0, 128] }), 'do not hold 64 of F32 (256 bytes)'],
    ['data beyond the end', entry({ shape: [128], data_offsets: [0, 512] }), 'its download is incomplete'],
    [
      'tensors over each other',
      { ...entry({}), y: { dtype: 'U8', shape: [4], data_offsets: [8, 12] } },
      "inside 'x'",
    ],
  ])('%s', async (_, header, message) => {
    const sources = headed(header ?? {});
    if (header === undefined) {
      const bytes = new Uint8Array(64).fill(0x7b);
      new DataView(bytes.buffer).setBigUint64(0, 20n, true);
      sources[1] = weights(bytes);
    }
    await refuses(sources, message);
  });

  test('a type that cannot be decoded is listed, and refused by name when the model is to run', async () => {
    const file = await openSafetensors(headed(entry({ dtype: 'I32' })));
    expect(file.unsupported.get('x')).toMatchObject({ typeName: 'I32', shape: [64] });
    expect(() => requireDecodable(file)).toThrow("tensor 'x' is stored as I32");
  });
});

describe('config.json', () => {
  const config = (more: object) => [json('config.json', { ...CONFIG, ...more }), sound()];

  test('missing', () => refuses([sound()], 'safetensors need their config.json', 'invalid-request'));
  test('not JSON', () =>
    refuses(
      [memorySource(new TextEncoder().encode('{'), 'config.json'), sound()],
      'config.json is not JSON',
    ));
  test('not text', () =>
    refuses([memorySource(Uint8Array.of(0xff, 0xfe), 'config.json'), sound()], 'config.json is not UTF-8'));
  test('a list', () => refuses([json('config.json', []), sound()], 'config.json is not a JSON object'));
  test('of no model', () => refuses([json('config.json', {}), sound()], 'config.json has no model_type'));
  test.each<[object, string]>([
    [{ hidden_size: 'many' }, 'hidden_size is "many"; expected a whole number'],
    [{ hidden_size: -1 }, 'hidden_size is -1'],
    [{ num_hidden_layers: 1.5 }, 'num_hidden_layers is 1.5'],
    [{ rope_theta: {} }, 'rope_theta is {}'],
    [{ tie_word_embeddings: 'yes' }, 'tie_word_embeddings is "yes"; expected true or false'],
    [{ layer_types: [1] }, 'layer_types is [1]'],
    [{ rope_scaling: { rope_type: 'llama3' } }, 'rope_scaling of type llama3 needs factor'],
    [{ quantization_config: { quant_method: 4 } }, 'quant_method is 4; expected a string'],
  ])('%o', (more, message) => refuses(config(more), message));

  test.each<[object, string]>([
    [{ hidden_act: 'relu' }, "hidden_act is 'relu'"],
    [{ layer_types: ['linear_attention'] }, "layer_types names 'linear_attention'"],
    [{ is_encoder_decoder: true }, 'is_encoder_decoder is true'],
  ])('%o is refused when the model is to run', async (more, message) => {
    const file = await openSafetensors(config(more));
    expect(() => requireDecodable(file)).toThrow(message);
  });

  test('one of an adapter says what to do with it', () =>
    refuses([json('adapter_config.json', {}), sound()], 'files of a LoRA adapter', 'invalid-request'));
});

describe('an index', () => {
  const indexed = (map: unknown, ...files: ByteSource[]) => [
    json('config.json', CONFIG),
    json('model.safetensors.index.json', { weight_map: map }),
    ...files,
  ];
  const shard = (name: string) => weights(writeSafetensors([TENSOR]), name);

  test('of nothing', () => refuses(indexed({}, sound()), 'has no weight_map'));
  test('of numbers', () => refuses(indexed({ a: 1 }, sound()), 'has no weight_map'));
  test('whose files were not given', () =>
    refuses(
      indexed({ a: 'one.safetensors', b: '../../etc/passwd' }, shard('one.safetensors')),
      'of which 1 were not given: ../../etc/passwd',
      'invalid-request',
    ));
  test('whose tensor is not there', () =>
    refuses(
      indexed({ a: 'one.safetensors' }, shard('one.safetensors')),
      'puts tensor "a" in one.safetensors',
    ));
  test('files of the same tensor', () =>
    refuses(
      [json('config.json', CONFIG), shard('one.safetensors'), shard('two.safetensors')],
      'appears in two files',
    ));
  test('two files of one name', () =>
    refuses(
      [json('a/config.json', CONFIG), json('b/config.json', CONFIG)],
      'two files are called config.json',
      'invalid-request',
    ));
});

test('whatever the order and the folder, the same model', async () => {
  const file = await openModelFile([
    weights(writeSafetensors([TENSOR]), 'm/model.safetensors'),
    json('m/config.json', CONFIG),
  ]);
  expect(file).toMatchObject({ format: 'safetensors', architecture: 'llama' });
  expect(file.metadata.get('llama.embedding_length')).toBe(64);
  // All files of a folder, as a page gets them.
  const more = ['README.md', 'consolidated.safetensors', 'pytorch_model.bin'].map((name) =>
    memorySource(new Uint8Array(64), `m/${name}`),
  );
  const same = await openModelFile([...more, ...file.sources, json('m/config.json', CONFIG)]);
  expect(same.sources.map(({ name }) => name)).toEqual(['m/model.safetensors']);
  await expect(file.readText!()).rejects.toMatchObject({
    code: 'unsupported-tokenizer',
    message: 'the model has no tokenizer.json; put it beside config.json',
  });
});
