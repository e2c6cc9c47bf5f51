// A Llama with made-up Q8_0 weights of any size, whose bytes are made when they are asked for: a file of
// gigabytes that lies nowhere. It computes, and babbles in single bytes.
import { dtypeByName } from '@quern/dtypes';
import { type GgufTensor, type GgufValue, writeGguf } from '@quern/formats/testing';

export interface MadeFile {
  readonly byteLength: number;
  /** Bytes [start, end). */
  bytes(start: number, end: number): Uint8Array<ArrayBuffer>;
}

export interface MadeLlamaShape {
  layers: number;
  width: number;
  hidden: number;
}

const HEAD = 128;
const KV_HEADS = 8;
const ALIGNMENT = 32;
const BLOCK_BYTES = dtypeByName('q8_0')!.blockBytes;
/** Blocks after which the weights repeat; odd, so that neighbouring rows differ. */
const PERIOD = 30_011;

export function madeLlama({ layers, width, hidden }: MadeLlamaShape): MadeFile {
  const vocabulary = byteWords();
  const shapes: Array<readonly [name: string, ...shape: number[]]> = [
    ['token_embd.weight', vocabulary.length, width],
    ['output_norm.weight', width],
  ];
  for (let i = 0; i < layers; i++) {
    shapes.push(
      [`blk.${i}.attn_norm.weight`, width],
      [`blk.${i}.attn_q.weight`, width, width],
      [`blk.${i}.attn_k.weight`, KV_HEADS * HEAD, width],
      [`blk.${i}.attn_v.weight`, KV_HEADS * HEAD, width],
      [`blk.${i}.attn_output.weight`, width, width],
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
    length = offset + (isVector ? elements * 4 : (elements / 32) * BLOCK_BYTES);
    places.push({ start: offset, end: length, isVector });
    return { name, type: isVector ? 'f32' : 'q8_0', shape, offset, bytes: new Uint8Array(0) };
  });
  const header = writeGguf({ metadata: metadata({ layers, width, hidden }, vocabulary), tensors });
  const blocks = weightBlocks();
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

/** f16 scales of about 0.0005 and bytes from a multiplicative generator (Park and Miller). */
function weightBlocks(): Uint8Array {
  const blocks = new Uint8Array(PERIOD * BLOCK_BYTES);
  let state = 20_261_121;
  for (let at = 0; at < blocks.length; at++) {
    state = (state * 48_271) % 2_147_483_647;
    blocks[at] = state >> 8;
  }
  for (let at = 0; at < blocks.length; at += BLOCK_BYTES) {
    blocks[at] = blocks[at]! & 0x1f;
    blocks[at + 1] = 0x10;
  }
  return blocks;
}

function metadata({ layers, width, hidden }: MadeLlamaShape, words: string[]): Record<string, GgufValue> {
  return {
    'general.architecture': ['string', 'llama'],
    'general.name': ['string', 'made up'],
    'llama.block_count': ['u32', layers],
    'llama.context_length': ['u32', 512],
    'llama.embedding_length': ['u32', width],
    'llama.feed_forward_length': ['u32', hidden],
    'llama.attention.head_count': ['u32', width / HEAD],
    'llama.attention.head_count_kv': ['u32', KV_HEADS],
    'llama.attention.layer_norm_rms_epsilon': ['f32', 1e-5],
    'llama.rope.dimension_count': ['u32', HEAD],
    'llama.rope.freq_base': ['f32', 10_000],
    'tokenizer.ggml.model': ['string', 'gpt2'],
    'tokenizer.ggml.pre': ['string', 'gpt-2'],
    'tokenizer.ggml.tokens': ['array', 'string', words],
    'tokenizer.ggml.token_type': ['array', 'i32', words.map(() => 1)],
    'tokenizer.ggml.merges': ['array', 'string', ['t h']],
    'tokenizer.ggml.eos_token_id': ['u32', 0],
  };
}

/** GPT-2's letters for the 256 bytes, and a few words more. */
function byteWords(): string[] {
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  const letters = Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(printable(byte) ? byte : next++),
  );
  return ['<end>', ...letters, 'th', ...Array.from({ length: 62 }, (_, i) => `<${i}>`)];
}
