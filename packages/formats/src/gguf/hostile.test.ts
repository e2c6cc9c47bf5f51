// What a broken or malicious file gets: always a QuernError that says what and where, never anything else.

import { QuernError } from '@quern/spec';
import { describe, expect, test } from 'vitest';
import { findTensor, getTensor, requireDecodable } from '../model-file.ts';
import { memorySource, writeGguf, type GgufContents, type GgufValue } from '../testing/index.ts';
import { openGguf } from './open-gguf.ts';

function opening(bytes: Uint8Array) {
  return expect(openGguf([memorySource(bytes, 'x.gguf')])).rejects;
}

/** Expects 'corrupt-file' and the message. */
async function refuses(contents: GgufContents | Uint8Array, message: string): Promise<void> {
  const bytes = contents instanceof Uint8Array ? contents : writeGguf(contents);
  const error: unknown = await openGguf([memorySource(bytes, 'x.gguf')]).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(QuernError);
  expect(error).toMatchObject({ code: 'corrupt-file', message: expect.stringContaining(message) as string });
}

/** A file with some of its bytes replaced. */
function patched(contents: GgufContents, at: number, values: number[]): Uint8Array {
  const bytes = writeGguf(contents);
  bytes.set(values, at);
  return bytes;
}

function u64(value: bigint): number[] {
  return [...new Uint8Array(BigUint64Array.of(value).buffer)];
}

/** Where `text` starts in a file: keys and names are found by it. */
function find(bytes: Uint8Array, text: string): number {
  return new TextDecoder('latin1').decode(bytes).indexOf(text);
}

const f32 = { name: 'weight', type: 'f32', shape: [8] };

describe('the start of the file', () => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value.padEnd(64));
  test('not GGUF at all', () =>
    refuses(text('{"a": 1}'), 'x.gguf is not a GGUF file: it starts with "{\\"a\\""'));
  test('a Git LFS pointer', () => refuses(text('version https://git-lfs'), 'Git LFS pointer'));
  test('a zip', () => refuses(text('PK\x03\x04'), 'zip archive'));
  test('a web page', () => refuses(text('<!DOCTYPE html>'), 'web page'));
  test('a file from before GGUF', () => refuses(text('tjgg'), 'before GGUF'));
  test('version 1', () => refuses({ version: 1 }, 'GGUF version 1 is not supported, only 2 and 3'));
  test('version 4', () => refuses({ version: 4 }, 'GGUF version 4 is not supported'));
  test('version 0', () => refuses({ version: 0 }, 'GGUF version 0 is not supported'));
  test('big-endian', () => refuses(patched({}, 4, [0, 0, 0, 3]), 'big-endian'));
  test('big-endian, magic too', () => refuses(text('FUGG'), 'big-endian'));
  test('an empty file', () => refuses(new Uint8Array(0), 'the file ends at byte 0'));
});

test('a header cut at any byte', async () => {
  const contents = {
    metadata: { list: ['array', 'string', ['one', 'two']], n: ['u64', 5] } as Record<string, GgufValue>,
    tensors: [f32, { name: 'other', type: 'q8_0', shape: [2, 32] }],
  };
  const bytes = writeGguf(contents);
  for (let length = 0; length < bytes.length; length++) {
    await opening(bytes.subarray(0, length)).toMatchObject({ code: 'corrupt-file' });
  }
});

describe('counts', () => {
  const huge = u64(2n ** 63n);
  test('tensors', () => refuses(patched({}, 8, huge), 'the number of tensors is 9223372036854775808'));
  test('metadata pairs', () => refuses(patched({}, 16, huge), 'the number of metadata pairs is 92'));
  test('tensors that the file has no room for', () =>
    refuses(patched({}, 8, u64(100_000n)), '100000 tensor entries need at least 2400000 bytes'));
  test('pairs that the file has no room for', () =>
    refuses(patched({}, 16, u64(60_000n)), '60000 metadata pairs need at least'));
  test('length of a key', () =>
    refuses(patched({}, 24, u64(1n << 20n)), 'metadata pair 0: the length of the key is 1048576'));
});

describe('metadata', () => {
  const key = (value: GgufValue): GgufContents => ({ metadata: { thekey: value } });
  /** Replaces bytes of the value of 'thekey', counted from its type number. */
  const patchedValue = (value: GgufValue, at: number, values: number[]): Uint8Array => {
    const bytes = writeGguf(key(value));
    bytes.set(values, find(bytes, 'thekey') + 6 + at);
    return bytes;
  };
  const nested = (depth: number): GgufValue =>
    depth === 0 ? ['array', 'u8', [1]] : ['array', 'array', [nested(depth - 1)]];

  test('an unknown value type', () =>
    refuses(patchedValue(['u8', 1], 0, [13]), 'metadata key "thekey": value type 13 is unknown'));
  test('an unknown element type', () =>
    refuses(patchedValue(['array', 'u8', [1]], 4, [99]), 'value type 99 is unknown'));
  test('a boolean of 2', () => refuses(patchedValue(['bool', true], 4, [2]), 'a boolean holds 2'));
  test('a string of 2^60 bytes', () =>
    refuses(
      patchedValue(['string', 'a'], 4, u64(1n << 60n)),
      'the length of a string is 1152921504606846976',
    ));
  test('a string past the end of the file', () =>
    refuses(patchedValue(['string', 'a'], 4, u64(1n << 20n)), 'its download is incomplete'));
  test('an array of 2^40', () =>
    refuses(patchedValue(['array', 'u8', [1]], 8, u64(1n << 40n)), 'the array length is 1099511627776'));
  for (const type of ['f64', 'string', 'bool'] as const) {
    test(`an array of 1 000 000 ${type} without them`, () =>
      refuses(patchedValue(['array', type, []], 8, u64(1_000_000n)), '1000000 array elements need at least'));
  }
  test('an array of 1 000 000 arrays without them', () =>
    refuses(patchedValue(['array', 'array', []], 8, u64(1_000_000n)), '1000000 arrays need at least'));
  test('arrays nested too deep', async () => {
    await expect(openGguf([memorySource(writeGguf(key(nested(3))))])).resolves.toBeDefined();
    await refuses(key(nested(4)), 'arrays are nested more than 4 deep');
  });
  test('a key twice', () =>
    refuses(
      {
        metadata: [
          ['thekey', ['u8', 1]],
          ['thekey', ['u8', 2]],
        ],
      },
      'metadata key "thekey": the key appears twice',
    ));
  test('an empty key', () => refuses({ metadata: { '': ['u8', 1] } }, 'the key is empty'));
  test('no architecture', () => {
    const bytes = writeGguf({});
    bytes[find(bytes, 'general.arch')] = 'G'.charCodeAt(0);
    return refuses(bytes, "metadata key 'general.architecture' is missing");
  });
  test('an architecture that is a number', () =>
    refuses(
      { metadata: { 'general.architecture': ['u8', 1] } },
      "metadata key 'general.architecture' is number 1; expected a string",
    ));
});

describe('tensors', () => {
  const alignment = (value: GgufValue): GgufContents => ({ metadata: { 'general.alignment': value } });
  test('a name twice', () => refuses({ tensors: [f32, f32] }, 'x.gguf: tensor "weight" appears twice'));
  test('an empty name', () => refuses({ tensors: [{ ...f32, name: '' }] }, 'tensor name is empty'));
  test('a long name', () =>
    refuses({ tensors: [{ ...f32, name: 'n'.repeat(1025) }] }, 'the length of the tensor name is 1025'));
  test('five dimensions', () =>
    refuses(
      { tensors: [{ ...f32, shape: [1, 1, 1, 1, 8] }] },
      'tensor "weight": the tensor has 5 dimensions',
    ));
  test('a dimension of 0', () => refuses({ tensors: [{ ...f32, shape: [4, 0] }] }, 'dimension 0 is 0'));
  test('a dimension past 2^53', () => {
    const bytes = writeGguf({ tensors: [f32] });
    bytes.set(u64(1n << 60n), find(bytes, 'weight') + 10);
    return refuses(bytes, 'tensor "weight": dimension 0 is 1152921504606846976');
  });
  test('a product past 2^53', () => {
    // 2^32 * 2^32 is 0 in 64-bit arithmetic.
    const bytes = writeGguf({ tensors: [{ ...f32, shape: [8, 8] }] });
    bytes.set([...u64(1n << 32n), ...u64(1n << 32n)], find(bytes, 'weight') + 10);
    return refuses(bytes, 'more than 2^53 elements');
  });
  test('rows that are no whole blocks', () =>
    refuses(
      { tensors: [{ name: 'weight', type: 'q4_k', shape: [3, 128] }] },
      'rows of 128 elements do not divide into q4_k blocks of 256',
    ));
  test('an offset that is not aligned', () =>
    refuses({ tensors: [{ ...f32, offset: 4 }] }, 'offset 4 is not a multiple of the alignment 32'));
  test('an offset past the end', () =>
    refuses({ tensors: [{ ...f32, offset: 1 << 20 }] }, 'tensor "weight": it ends at byte'));
  test('an offset past 2^53', () => {
    const bytes = writeGguf({ tensors: [f32] });
    bytes.set(u64(1n << 62n), find(bytes, 'weight') + 22);
    return refuses(bytes, 'the offset is 4611686018427387904');
  });
  test('an unknown type past the end', () =>
    refuses(
      { tensors: [{ name: 'u', type: 9, shape: [32], offset: 1 << 20 }] },
      'tensor "u": it ends at byte',
    ));
  test('data cut short', () => {
    const bytes = writeGguf({ tensors: [f32] });
    return refuses(bytes.subarray(0, bytes.length - 1), 'its download is incomplete');
  });
  test('two over the same bytes', () =>
    refuses(
      { tensors: [f32, { name: 'second', type: 'f32', shape: [8], offset: 0 }] },
      'tensor "second": it starts at byte',
    ));
  test('one inside another', () =>
    refuses(
      {
        tensors: [
          { name: 'long', type: 'f32', shape: [64] },
          { name: 'inside', type: 'f32', shape: [8], offset: 64 },
        ],
      },
      "inside 'long', which ends at",
    ));
  test('one of unknown type inside another', () =>
    refuses(
      {
        tensors: [
          { ...f32, shape: [64] },
          { name: 'u', type: 9, shape: [32], offset: 32 },
        ],
      },
      'tensor "u"',
    ));
  test('alignment 0', () =>
    refuses(alignment(['u32', 0]), 'general.alignment is 0; it must be a power of two'));
  test('alignment 24', () => refuses(alignment(['u32', 24]), 'general.alignment is 24'));
  test('alignment that is no number', () =>
    refuses(alignment(['string', '32']), 'metadata key \'general.alignment\' is string "32"'));
});

test('types that cannot be decoded are listed, and refused when asked for', async () => {
  const tensors = [
    f32,
    { name: 'q8_1', type: 9, shape: [2, 32] },
    { name: 'future', type: 4_000_000_000, shape: [5] },
  ];
  const model = await openGguf([memorySource(writeGguf({ tensors }))]);
  expect([...model.tensors.keys()]).toEqual(['weight']);
  expect(model.unsupported.get('q8_1')).toMatchObject({
    typeId: 9,
    typeName: 'Q8_1',
    shape: [2, 32],
    file: 0,
  });
  expect(model.unsupported.get('future')).toMatchObject({ typeId: 4e9, typeName: 'type 4000000000' });
  const code = 'unsupported-dtype';
  expect(() => getTensor(model, 'q8_1')).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining("'q8_1' is stored as Q8_1") as string }),
  );
  expect(() => findTensor(model, 'future')).toThrow('type 4000000000');
  expect(() => requireDecodable(model)).toThrow(
    "tensor 'q8_1' and 1 more is stored as Q8_1, type 4000000000, which Quern cannot decode",
  );
  expect(findTensor(model, 'absent')).toBeUndefined();
  expect(() => getTensor(model, 'absent')).toThrow("test.gguf has no tensor 'absent'");
  requireDecodable(await openGguf([memorySource(writeGguf({ tensors: [f32] }))]));
});

test('4000 random damages give a model or a QuernError', async () => {
  const bytes = writeGguf({
    metadata: { list: ['array', 'string', ['one', 'two']], f: ['array', 'f32', [1, 2]], n: ['u64', 5] },
    tensors: [f32, { name: 'other', type: 'q8_0', shape: [2, 32] }],
  });
  const headerLength = bytes.length - 96;
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  let refused = 0;
  for (let round = 0; round < 4000; round++) {
    const damaged = bytes.slice();
    for (let i = random(3); i >= 0; i--) {
      const at = random(headerLength);
      damaged[at] = [0, 1, 127, 255, random(256), damaged[at]! ^ (1 << random(8))][random(6)]!;
    }
    const error: unknown = await openGguf([memorySource(damaged)]).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (error === undefined) continue;
    refused++;
    expect(error, `round ${round}`).toMatchObject({ code: 'corrupt-file' });
  }
  expect(refused).toBeGreaterThan(1000);
});
