// What becomes of a row's logits: penalties, the choice of an id, its logprobs, and the advance to the next
// step. Which stages a plan has follows from the request, so that a plain greedy one pays for none.

import { createTensor, type Gpu, type Recorder, type Tensor } from '@quern/gpu';
import {
  advance,
  type AdvanceLogprobs,
  biasWords,
  draw,
  penalize,
  recordWords,
  SAMPLER_WORDS,
  samplerWords,
  SEEN_IN_PROMPT,
  tokenLogprob,
  topK,
} from '@quern/kernels';
import type { SamplingOptions } from '@quern/spec';

/** The most candidates of OpenAI's top_logprobs. */
export const MOST_TOP_LOGPROBS = 20;
/** Pairs that logit_bias may have. */
const MOST_BIASES = 1024;

export interface SamplingStages {
  readonly penalize: boolean;
  /** False: the largest score wins. */
  readonly draw: boolean;
  /** Top-k, top-p or min-p before the draw. */
  readonly filters: boolean;
  readonly logprobs: boolean;
}

export function stagesFor(options: SamplingOptions, logprobs: boolean): SamplingStages {
  return {
    penalize:
      options.repetitionPenalty !== 1 ||
      options.frequencyPenalty !== 0 ||
      options.presencePenalty !== 0 ||
      options.logitBias.length > 0,
    draw: options.temperature > 0,
    filters: options.temperature > 0 && (options.topK > 0 || options.topP < 1 || options.minP > 0),
    logprobs,
  };
}

export function stagesKey(stages: SamplingStages): string {
  return [
    stages.penalize && 'penalize',
    stages.draw ? (stages.filters ? 'filtered draw' : 'draw') : 'argmax',
    stages.logprobs && 'logprobs',
  ]
    .filter(Boolean)
    .join('+');
}

/** Words that are read back after a step: the longest record. */
export const RECORD_WORDS = recordWords(true, MOST_TOP_LOGPROBS);

/** What sampling reads and keeps on the GPU for the one slot. */
export class SamplerState {
  readonly samplers: Tensor;
  readonly counts: Tensor;
  readonly biases: Tensor;
  readonly result: Tensor;
  readonly #gpu: Gpu;
  readonly #vocabulary: number;

  constructor(gpu: Gpu, vocabulary: number) {
    this.#gpu = gpu;
    this.#vocabulary = vocabulary;
    this.samplers = createTensor(gpu.device, 'samplers', [1, SAMPLER_WORDS]);
    this.counts = createTensor(gpu.device, 'counts', [1, vocabulary]);
    this.biases = createTensor(gpu.device, 'biases', [1, MOST_BIASES, 2]);
    this.result = createTensor(gpu.device, 'result', [1, RECORD_WORDS]);
  }

  /** For a new request. Throws 'invalid-request' for values that make no sense. */
  start(options: SamplingOptions, stages: SamplingStages, prompt: readonly number[]): void {
    const biases = biasWords(options.logitBias, MOST_BIASES, this.#vocabulary);
    this.#write(this.samplers, samplerWords(options, biases.count));
    if (!stages.penalize) return;
    const counts = new Uint32Array(this.#vocabulary);
    for (const id of prompt) counts[id] = SEEN_IN_PROMPT;
    this.#write(this.counts, counts);
    if (biases.count > 0) this.#write(this.biases, biases.words);
  }

  #write(tensor: Tensor, words: Uint32Array<ArrayBuffer>): void {
    this.#gpu.device.queue.writeBuffer(tensor.place!.buffer, 0, words);
  }

  get byteLength(): number {
    return [this.samplers, this.counts, this.biases, this.result].reduce((sum, t) => sum + t.byteLength, 0);
  }

  destroy(): void {
    for (const tensor of [this.samplers, this.counts, this.biases, this.result])
      tensor.place!.buffer.destroy();
  }
}

/** Logits [1, vocabulary] to a result record; the step's row moves on to the chosen id. */
export function recordSampling(
  rec: Recorder,
  logits: Tensor,
  step: Tensor,
  state: SamplerState,
  stages: SamplingStages,
): void {
  const { samplers, counts, biases, result } = state;
  rec.tap('logits', logits);
  let scores = logits;
  if (stages.penalize) {
    scores = rec.scratch('scores', logits.shape);
    penalize(rec, { logits, scores, counts, samplers, biases, step });
  }
  const rows = logits.shape[0]!;
  const chosen = rec.scratch('chosen', [rows]);
  if (stages.draw) draw(rec, { scores, samplers, step, ids: chosen, filters: stages.filters });
  else topK(rec, { x: scores, ids: chosen });
  const logprobs = stages.logprobs ? recordLogprobs(rec, logits, chosen) : undefined;
  const records = { ...result, shape: [rows, recordWords(stages.logprobs, MOST_TOP_LOGPROBS)] };
  advance(rec, { chosen, step, records, logprobs, counts: stages.penalize ? counts : undefined });
}

function recordLogprobs(rec: Recorder, logits: Tensor, targets: Tensor): AdvanceLogprobs {
  const rows = logits.shape[0]!;
  const logprobs = rec.scratch('logprobs', [rows]);
  const norms = rec.scratch('norms', [rows, 2]);
  tokenLogprob(rec, { logits, targets, logprobs, norms });
  const ids = rec.scratch('top ids', [rows, MOST_TOP_LOGPROBS]);
  const values = rec.scratch('top values', [rows, MOST_TOP_LOGPROBS]);
  topK(rec, { x: logits, ids, values });
  return { chosen: logprobs, norms, top: { ids, values } };
}
