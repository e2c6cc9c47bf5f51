// Attention over a cache whose rows are packed here, so that what is in them is known to the bit.

import type { Gpu } from '@quern/gpu';
import type { KvShape } from '@quern/kernels';
import { attentionRef, random, randomF32 } from '@quern/kernels/twins';
import type { KvType } from '@quern/spec';
import { stepOf, tensorOf } from './known-tensors.ts';
import type { Need } from './need.ts';
import type { Tools } from './tools.ts';
import { Nmse, type Trial } from './trial.ts';

/** Keys of the cache, and multiply-adds of a row's twin at most: a model of many wide heads has fewer keys. */
const KEYS = { software: 64, gpu: 512 };
const TWIN = 1 << 22;
/** Rows of a chunk. */
const CHUNK = { software: 16, gpu: 64 };

/** `rows` 1: decode, a row of its own; more: a chunk at the end of what the cache holds. */
export function attentionTrial(
  gpu: Gpu,
  tools: Tools,
  { heads, kv: shape, layers }: Need,
  chunk: boolean,
): Trial {
  const { software } = gpu.caps;
  const { kvHeads, keyDim, valueDim, type } = shape;
  const room = Math.floor(TWIN / (heads * (keyDim + valueDim)) / tools.PAGE_TOKENS) * tools.PAGE_TOKENS;
  const keys = Math.max(tools.PAGE_TOKENS, Math.min(room, software ? KEYS.software : KEYS.gpu));
  const rows = chunk ? Math.min(software ? CHUNK.software : CHUNK.gpu, keys) : 1;
  const { words, known } = packCache(tools, shape, keys);
  const kv = tensorOf(gpu, tools, words);
  const pages = keys / tools.PAGE_TOKENS;
  const pageTable = tensorOf(
    gpu,
    tools,
    Uint32Array.from({ length: pages }, (_, page) => pages - 1 - page),
    [1, pages],
  );
  const queries = randomF32(rows * heads * keyDim, 17);
  const q = tensorOf(gpu, tools, queries, [rows, heads * keyDim]);
  const step = stepOf(gpu, tools, rows, keys - rows);
  const y = tools.createTensor(gpu.device, 'self-test y', [rows, heads * valueDim]);
  const scale = keyDim ** -0.5;
  const checked = [...new Set([0, rows >> 1, rows - 1])];
  let expected: Float64Array[] | undefined;
  return {
    name: `${type} attention of ${rows === 1 ? '1 row' : `${rows} rows`} over ${keys} keys, ${heads} heads of ${keyDim}`,
    work: chunk ? 'attend-chunk' : 'attend',
    perToken: layers / rows,
    y,
    record: (rec) =>
      tools.attention(rec, { q, heads, shape, scale, oneSequence: chunk, keys, step, pageTable, kv, y }),
    error(actual) {
      expected ??= checked.map((row) => {
        const seen = known.slice(0, keys - rows + row + 1);
        const query = queries.subarray(row * heads * keyDim, (row + 1) * heads * keyDim);
        const dims = { heads, kvHeads, keyDim, valueDim, scale };
        return attentionRef(
          query,
          seen.map(({ key }) => key),
          seen.map(({ value }) => value),
          dims,
        );
      });
      const nmse = new Nmse();
      for (const [i, row] of checked.entries()) {
        expected[i]!.forEach((value, at) => nmse.add(actual[row * heads * valueDim + at]!, value));
      }
      return nmse.value;
    },
    destroy() {
      for (const { place } of [kv, pageTable, q, step, y]) place.buffer.destroy();
    },
  };
}

interface Token {
  /** [kvHeads * keyDim], [kvHeads * valueDim]. */
  readonly key: Float64Array;
  readonly value: Float64Array;
}

/** Random rows of a cache as kernels/lib/kv_page.wgsl lays them out, pages in descending order, and what they mean. */
function packCache(
  tools: Tools,
  shape: KvShape,
  keys: number,
): { words: Uint32Array<ArrayBuffer>; known: Token[] } {
  const { kvHeads, keyDim, valueDim, type, latent = false } = shape;
  const { PAGE_TOKENS } = tools;
  const pages = keys / PAGE_TOKENS;
  const pageWords = tools.pageBytes(shape) / 4;
  const words = new Uint32Array(pages * pageWords);
  const next = random(19);
  const known: Token[] = [];
  const keyWords = rowWords(type, keyDim);
  const valueWords = latent ? 0 : rowWords(type, valueDim);
  for (let token = 0; token < keys; token++) {
    const key = new Float64Array(kvHeads * keyDim);
    const value = new Float64Array(kvHeads * valueDim);
    const page = pages - 1 - Math.floor(token / PAGE_TOKENS);
    for (let head = 0; head < kvHeads; head++) {
      const base = page * pageWords + head * PAGE_TOKENS * (keyWords + valueWords);
      const row = token % PAGE_TOKENS;
      const packed = packRow(type, keyDim, next, words, base + row * keyWords);
      key.set(packed, head * keyDim);
      const at = base + PAGE_TOKENS * keyWords + row * valueWords;
      value.set(
        latent ? packed.subarray(0, valueDim) : packRow(type, valueDim, next, words, at),
        head * valueDim,
      );
    }
    known.push({ key, value });
  }
  return { words, known };
}

function rowWords(type: KvType, dim: number): number {
  return { f32: dim, f16: dim / 2, q8: dim / 4 + Math.ceil(dim / 32) }[type];
}

/** Random values in words from `at` on, and what they are. */
function packRow(
  type: KvType,
  dim: number,
  next: () => number,
  words: Uint32Array,
  at: number,
): Float64Array {
  if (type === 'f32') {
    const values = new Float32Array(words.buffer, at * 4, dim);
    for (let i = 0; i < dim; i++) values[i] = 2 * next();
    return Float64Array.from(values);
  }
  const values = new Float64Array(dim);
  if (type === 'f16') {
    for (let i = 0; i < dim; i++) {
      // Half precision in [0.25, 2) with either sign: three binades of 1024 values.
      const bits = 0x3400 + Math.floor((next() + 1) * 0x600);
      const sign = next() < 0 ? 1 : 0;
      values[i] = (1 - 2 * sign) * 2 ** ((bits >> 10) - 15) * (1 + (bits & 1023) / 1024);
      words[at + (i >> 1)]! |= (bits | (sign << 15)) << (16 * (i & 1));
    }
    return values;
  }
  const scales = new Float32Array(words.buffer, (at + dim / 4) * 4, Math.ceil(dim / 32));
  for (let i = 0; i < scales.length; i++) scales[i] = (next() + 1.5) / 127;
  for (let i = 0; i < dim; i++) {
    const byte = Math.floor(next() * 127);
    values[i] = byte * scales[i >> 5]!;
    words[at + (i >> 2)]! |= (byte & 255) << (8 * (i & 3));
  }
  return values;
}
