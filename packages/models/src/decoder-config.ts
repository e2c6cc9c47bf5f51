// What a decoder's layers are made of, and what any file's metadata says of it.

import { getCount, getNumber, type Metadata } from '@quern/formats';
import type { Activation, Temperature } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { ModelConfig } from './architecture.ts';
import type { LatentConfig } from './blocks/latent-attention.ts';
import type { NormKind } from './blocks/norm.ts';
import type { MoeConfig } from './moe-config.ts';
import type { RopeConfig } from './rope.ts';

export interface DecoderConfig extends ModelConfig {
  readonly kvHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  /** Width of the MLP. */
  readonly inner: number;
  readonly norms: NormKind;
  readonly epsilon: number;
  readonly activation: Activation;
  /** MLPs have a gate. */
  readonly gated: boolean;
  /**
   * MLP and attention read the same hidden rows, and both are added to them; where the MLP has no norm of its
   * own it shares attention's.
   */
  readonly parallel: boolean;
  /** How the rows of Q and K pair up for RoPE: as GGUF's llama stores them, or as Hugging Face does. */
  readonly pairs: 'interleaved' | 'halves';
  /** Multiplies queries times keys, usually keyDim^-1/2. */
  readonly scoreScale: number;
  /** Multiplies the embedding; 1 = as it is. */
  readonly embeddingScale: number;
  /** Multiply what a block adds to the residual, and the logits; 1 = as they are (Granite, Command R). */
  readonly residualScale: number;
  readonly logitScale: number;
  /** Rows of the table of learned positions, which is added to the embedding; 0 = none. */
  readonly learnedPositions: number;
  /** Queries, keys and values are held within it (MPT, OLMo). */
  readonly clampQkv?: number | undefined;
  /** [heads]: ALiBi. */
  readonly slopes?: Float32Array<ArrayBuffer> | undefined;
  /** Soft caps (Gemma 2). */
  readonly scoreCap?: number | undefined;
  readonly logitCap?: number | undefined;
  /** True: what files call the norm behind attention is the one before the MLP (gpt-oss). */
  readonly normBeforeMlp?: boolean;
  /** Experts of the layers that have a router; the others have an MLP. */
  readonly moe?: MoeConfig | undefined;
  /** True: queries and keys of layer i are normed head by head, without weights (Llama 4). */
  bareHeadNorms?(i: number): boolean;
  /** How queries of layer i grow with their position. */
  temperature?(i: number): Temperature | undefined;
  /** Layer i has a convolution over so many tokens instead of attention (LFM2). */
  convolution?(i: number): number | undefined;
  /** What files call the last norm, else 'output_norm'. */
  readonly outputNorm?: string;
  /** Latent attention, in every layer. */
  readonly latent?: LatentConfig | undefined;
  /** RoPE of layer i. */
  rope(i: number): RopeConfig;
}

/** What `<key>.*` says of any decoder, with the defaults that most families share. Throws 'corrupt-file'. */
export function decoderConfig(
  metadata: Metadata,
  key: string,
  norms: NormKind = 'rms',
): Omit<DecoderConfig, 'activation' | 'pairs' | 'rope'> {
  const dim = getCount(metadata, `${key}.embedding_length`);
  const heads = getCount(metadata, `${key}.attention.head_count`);
  const kvHeads = getCount(metadata, `${key}.attention.head_count_kv`, heads);
  const keyDim = getCount(metadata, `${key}.attention.key_length`, dim / heads);
  const valueDim = getCount(metadata, `${key}.attention.value_length`, dim / heads);
  const layers = getCount(metadata, `${key}.block_count`);
  const whole = [keyDim, valueDim].every((n) => n > 0 && n <= 256 && n % 8 === 0);
  if (!(heads > 0 && kvHeads > 0 && heads % kvHeads === 0 && whole && layers > 0)) {
    throw new QuernError(
      'corrupt-file',
      `${layers} layers of ${heads} heads over ${kvHeads} KV heads of ${keyDim} and ${valueDim} values: heads must ` +
        'divide evenly, their sizes be multiples of 8 up to 256.',
    );
  }
  const tokens = metadata.get('tokenizer.ggml.tokens');
  return {
    layers,
    dim,
    vocabulary: getCount(metadata, `${key}.vocab_size`, Array.isArray(tokens) ? tokens.length : 0),
    trainedContextLength: getCount(metadata, `${key}.context_length`),
    cache: Array.from({ length: layers }, () => ({ kvHeads, keyDim, valueDim })),
    heads,
    kvHeads,
    keyDim,
    valueDim,
    inner: getCount(metadata, `${key}.feed_forward_length`),
    norms,
    epsilon: getNumber(metadata, `${key}.attention.layer_norm${norms === 'rms' ? '_rms' : ''}_epsilon`),
    gated: true,
    parallel: false,
    scoreScale: getNumber(metadata, `${key}.attention.scale`, keyDim ** -0.5),
    embeddingScale: 1,
    residualScale: 1,
    logitScale: 1,
    learnedPositions: 0,
  };
}
