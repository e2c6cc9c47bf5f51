// A Llama with made-up weights of any size, whose bytes are made when they are asked for: a file of
// gigabytes that lies nowhere. It computes, and babbles.
import { type DType, dtypeByName } from '@quern/dtypes';
import { type GgufTensor, type GgufValue, writeGguf } from '@quern/formats/testing';
import type { ByteSource } from '@quern/spec';

export interface MadeFile {
  readonly byteLength: number;
  /** Bytes [start, end). */
  bytes(start: number, end: number): Uint8Array<ArrayBuffer>;
}

export type MadeType = 'q4_0' | 'q4_k' | 'q8_0';

export interface MadeLlamaShape {
  layers: number;
  width: number;
  hidden: number;
  /** Default: of 128 values each, 8 of them with keys and values of their own. */
  heads?: { size: number; count: number; kv: number };
  /** Default Q8_0; blocks of Q4_K want widths of whole 256. */
  type?: MadeType;
  /** At least 320, which is the default: bytes, and words without a meaning. */
  vocabulary?: number;
  /** Default 512. */
  context?: number;
  /** A head that is not the embedding. */
  ownHead?: boolean;
}

const ALIGNMENT = 32;
/** Blocks after which the weights repeat; odd, so that neighbouring rows differ. */
const PERIOD = 30_011;

export function madeLlama(shape: MadeLlamaShape): MadeFile {
  const { layers, width, hidden, type = 'q8_0', vocabulary = 320, ownHead = false } = shape;
  const heads = headsOf(shape);
  const dtype = dtypeByName(type)!;
  const words = wordsOf(vocabulary);
  const shapes: Array<readonly [name: string, ...shape: number[]]> = [
    ['token_embd.weight', vocabulary, width],
    ['output_norm.weight', width],
    ...(ownHead ? [['output.weight', vocabulary, width] as const] : []),
  ];
  for (let i = 0; i < layers; i++) {
    shapes.push(
      [`blk.${i}.attn_norm.weight`, width],
      [`blk.${i}.attn_q.weight`, heads.count * heads.size, width],
      [`blk.${i}.attn_k.weight`, heads.kv * heads.size, width],
      [`blk.${i}.attn_v.weight`, heads.kv * heads.size, width],
      [`blk.${i}.attn_output.weight`, width, heads.count * heads.size],
      [`blk.${i}.ffn_norm.weight`, width],
      [`blk.${i}.ffn_gate.weight`, hidden, width],
      [`blk.${i}.ffn_up.weight`, hidden, width],
      [`blk.${i}.ffn_down.weight`, width, hidden],
    );
  }
  let length = 0;
  const places: Array<{ start: number; end: number; isVector: boolean }> = [];
  const tensors = shapes.map(([name, ...shape]): GgufTensor => {
    const elements = shape.reduce((product, n) => product * n, 1);
    const isVector = shape.length === 1;
    const offset = Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    length = offset + (isVector ? elements * 4 : (elements / dtype.blockSize) * dtype.blockBytes);
    places.push({ start: offset, end: length, isVector });
    return { name, type: isVector ? 'f32' : type, shape, offset, bytes: new Uint8Array(0) };
  });
  const header = writeGguf({ metadata: metadata(shape, words), tensors });
  const blocks = madeBlocks(dtype, PERIOD);
  const ones = new Uint8Array(new Float32Array(1024).fill(1).buffer);

  return {
    byteLength: header.length + length,
    bytes(start, end) {
      const out = new Uint8Array(end - start);
      out.set(header.subarray(start, end));
      for (const place of places) {
        const [from, to] = [place.start + header.length, place.end + header.length];
        const pattern = place.isVector ? ones : blocks;
        for (let at = Math.max(from, start); at < Math.min(to, end);) {
          const phase = (at - from) % pattern.length;
          const count = Math.min(pattern.length - phase, Math.min(to, end) - at);
          out.set(pattern.subarray(phase, phase + count), at - start);
          at += count;
        }
      }
      return out;
    },
  };
}

/** The file as a load reads it. */
export function madeSource(file: MadeFile, name = 'made.gguf'): ByteSource {
  return {
    name,
    byteLength: file.byteLength,
    origin: 'file',
    bytesFetched: 0,
    read: async (offset, length) => file.bytes(offset, offset + length),
    close: async () => {},
  };
}

/**
 * High bytes of a block's f16 scales, by where they stand: weights of about 0.03, so that nothing overflows on the way
 * through many layers. The minimum of Q4_K brings its weights round zero.
 */
const SCALES: Record<string, ReadonlyArray<readonly [at: number, high: number]>> = {
  q8_0: [[0, 0x10]],
  q4_0: [[0, 0x20]],
  q4_k: [
    [0, 0x10],
    [2, 0x1c],
  ],
  q6_k: [[208, 0x08]],
  f16: [[0, 0x24]],
};

/** Blocks of bytes from a multiplicative generator (Park and Miller), with sane scales. Of the types above and f16. */
export function madeBlocks(dtype: DType, count: number): Uint8Array {
  const blocks = new Uint8Array(count * dtype.blockBytes);
  let state = 20_261_121;
  for (let at = 0; at < blocks.length; at++) {
    state = (state * 48_271) % 2_147_483_647;
    blocks[at] = state >> 8;
  }
  for (let block = 0; block < blocks.length; block += dtype.blockBytes) {
    for (const [at, high] of SCALES[dtype.name]!) {
      blocks[block + at] = blocks[block + at]! & 0x1f;
      blocks[block + at + 1] = high;
    }
  }
  return blocks;
}

function headsOf({ width, heads }: MadeLlamaShape): { size: number; count: number; kv: number } {
  return heads ?? { size: 128, count: width / 128, kv: 8 };
}

function metadata(shape: MadeLlamaShape, words: string[]): Record<string, GgufValue> {
  const { layers, width, hidden, context = 512 } = shape;
  const heads = headsOf(shape);
  return {
    'general.architecture': ['string', 'llama'],
    'general.name': ['string', 'made up'],
    'llama.block_count': ['u32', layers],
    'llama.context_length': ['u32', context],
    'llama.embedding_length': ['u32', width],
    'llama.feed_forward_length': ['u32', hidden],
    'llama.attention.head_count': ['u32', heads.count],
    'llama.attention.head_count_kv': ['u32', heads.kv],
    'llama.attention.layer_norm_rms_epsilon': ['f32', 1e-5],
    'llama.rope.dimension_count': ['u32', heads.size],
    'llama.rope.freq_base': ['f32', 10_000],
    'tokenizer.ggml.model': ['string', 'gpt2'],
    'tokenizer.ggml.pre': ['string', 'gpt-2'],
    'tokenizer.ggml.tokens': ['array', 'string', words],
    'tokenizer.ggml.token_type': ['array', 'i32', words.map(() => 1)],
    'tokenizer.ggml.merges': ['array', 'string', ['t h']],
    'tokenizer.ggml.eos_token_id': ['u32', 0],
  };
}

/** GPT-2's letters for the 256 bytes, and words more. */
function wordsOf(count: number): string[] {
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  const letters = Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(printable(byte) ? byte : next++),
  );
  return ['<end>', ...letters, 'th', ...Array.from({ length: count - 258 }, (_, i) => `<${i}>`)];
}
