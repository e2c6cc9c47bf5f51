// Penalties and bias on logits, before anything is chosen: repetition (CTRL, arXiv 1909.05858), frequency
// and presence (OpenAI's definitions), then the sparse bias.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert, QuernError, type SamplingOptions } from '@quern/spec';
import sampler from '../draw/sampler.wgsl?raw';
import { SAMPLER_WORDS } from '../draw/sampler.ts';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { LANES, SLICE, slicesOf } from '../top-k/slices.ts';
import penalizeSource from './penalize.wgsl?raw';

export interface PenalizeOptions {
  /** [rows, columns] f32. */
  logits: Tensor;
  /** [rows, columns] f32, another buffer. */
  scores: Tensor;
  /** [slots, columns] u32: SEEN_IN_PROMPT, plus the times the token was generated. */
  counts: Tensor;
  /** [slots, 16] words of `samplerWords`. */
  samplers: Tensor;
  /** [slots, capacity, 2] words of `biasWords`. */
  biases: Tensor;
  /** The rows' slots; rows beyond the live ones are left undone. */
  step: Tensor;
}

/** The bit of a token's count that says the prompt has it. */
export const SEEN_IN_PROMPT = 0x80000000;

export function penalize(rec: Recorder, options: PenalizeOptions): void {
  const { logits, scores, counts, samplers, biases } = options;
  const [rows, columns] = logits.shape as [number, number];
  const [slots, capacity] = biases.shape as [number, number];
  assert(scores.byteLength === logits.byteLength, 'penalize: logits and scores differ in shape');
  assert(
    counts.shape[0] === slots && counts.shape[1] === columns,
    `penalize: counts are not [${slots}, ${columns}]`,
  );
  assert(samplers.shape[0] === slots && samplers.shape[1] === SAMPLER_WORDS, 'penalize: samplers and slots');
  rec.dispatch({
    kernel: defineKernel({
      name: 'penalize',
      main: penalizeSource,
      modules: { sampler, step },
      constants: { LANES, SLICE },
      bindings: ['read', 'write', 'read', 'read', 'read', 'read', 'uniform'],
    }),
    bind: [logits, scores, counts, samplers, biases, options.step],
    params: new Uint32Array([columns, capacity, 0, 0]),
    workgroups: [slicesOf(columns), rows],
    bytes: rows * columns * 12,
    flops: rows * columns * 4,
  });
}

/**
 * A slot's bias list, `capacity` pairs of (id, f32 bits); of several entries with one id the last counts.
 * `count` goes to `samplerWords`. Throws 'invalid-request' for ids that are none of the vocabulary's
 * and for more entries than `capacity`.
 */
export function biasWords(
  logitBias: SamplingOptions['logitBias'],
  capacity: number,
  columns: number,
): { words: Uint32Array<ArrayBuffer>; count: number } {
  const byId = new Map(logitBias);
  if (byId.size > capacity) {
    throw new QuernError(
      'invalid-request',
      `logitBias names ${byId.size} tokens; at most ${capacity} can be.`,
    );
  }
  const words = new Uint32Array(2 * capacity);
  const floats = new Float32Array(words.buffer);
  let count = 0;
  for (const [id, bias] of byId) {
    if (!Number.isInteger(id) || id < 0 || id >= columns) {
      throw new QuernError(
        'invalid-request',
        `logitBias names token ${id}; the vocabulary is 0..${columns - 1}.`,
      );
    }
    if (!Number.isFinite(bias)) {
      throw new QuernError(
        'invalid-request',
        `logitBias of token ${id} is ${bias}; it must be a finite number.`,
      );
    }
    words[2 * count] = id;
    floats[2 * count + 1] = bias;
    count++;
  }
  return { words, count };
}
