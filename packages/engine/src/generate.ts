// One request from prompt to finish: prefill, then decode with a few steps in flight, ids turned to text as
// they are read back. Steps past a stop are cut off and show nowhere.

import {
  type FinishReason,
  type GenerateRequest,
  QuernError,
  type StreamPart,
  throwIfAborted,
  type Timings,
  type TokenInfo,
  type TokenLogprob,
} from '@quern/spec';
import { readRecord, type StepRecord } from '@quern/kernels';
import { createStreamDecoder, type Tokenizer } from '@quern/text';
import { encodePrompt, type PromptContext } from './prompt.ts';
import { type AdapterShelf, NO_ADAPTERS } from './adapters.ts';
import type { PlanBook } from './plan-book.ts';
import { LOOKAHEAD, type Runner } from './runner.ts';
import { MOST_TOP_LOGPROBS, type SamplerState, stagesFor } from './sampling/stages.ts';
import type { SequenceCache } from './sequence-cache.ts';

export interface GenerateContext extends PromptContext {
  runner: Runner;
  sampler: SamplerState;
  cache: SequenceCache;
  plans: PlanBook;
  adapters: AdapterShelf;
}

/** `asked`: when the request came, by performance.now(). */
export async function* generate(
  context: GenerateContext,
  request: GenerateRequest,
  asked: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamPart, void, undefined> {
  const { runner, sampler, cache, plans, tokenizer } = context;
  const top = checkTop(request.topLogprobs);
  const prompt = encodePrompt(context, request.prompt);
  // The last token needs no place in the cache.
  const most = Math.min(request.maxTokens ?? Infinity, context.contextLength - prompt.length + 1);
  const chosen = context.adapters.choose(request.adapters);
  yield { type: 'prompt-start', promptIds: prompt };
  runner.prepare(prompt.length + Math.max(0, most - 1));
  const sequence = cache.open(prompt, chosen.scaledKey);
  const cachedTokens = sequence.ids.length;
  const generated: number[] = [];
  const inFlight: Array<Promise<Uint32Array<ArrayBuffer>>> = [];
  plans.use(chosen);
  try {
    if (most < 1) {
      yield finish('length', prompt.length, 0, cachedTokens, new Clock(asked, 0));
      return;
    }
    const stages = stagesFor(request.sampling, top !== undefined);
    sampler.start(request.sampling, stages, prompt);
    const clock = new Clock(asked, prompt.length - cachedTokens);
    const first = await runner.prefill(sequence, prompt.slice(cachedTokens), stages, signal);
    inFlight.push(first.result);
    let submitted = 1;
    const text = createStreamDecoder({ bytesOf: (id) => visibleBytes(tokenizer, id), stop: request.stop });
    let reason: FinishReason | undefined;
    while (reason === undefined) {
      while (submitted < most && inFlight.length <= LOOKAHEAD) {
        const step = await runner.decode(sequence, prompt.length + submitted - 1, stages);
        inFlight.push(step.result);
        submitted++;
      }
      const record = readRecord(await inFlight.shift()!, 0, stages.logprobs, MOST_TOP_LOGPROBS);
      clock.tick();
      throwIfAborted(signal);
      generated.push(record.id);
      const ended = tokenizer.eogIds.has(record.id) && !request.ignoreEos;
      const delta = ended ? { text: '' } : text.push(record.id);
      if (ended || delta.stopped !== undefined) reason = 'stop';
      else if (generated.length >= most) reason = 'length';
      const rest = reason && delta.stopped === undefined ? text.flush() : '';
      yield {
        type: 'text-delta',
        text: delta.text + rest,
        ids: [record.id],
        ...(top !== undefined && { tokens: [tokenInfo(tokenizer, record, top)] }),
      };
    }
    yield finish(reason, prompt.length, generated.length, cachedTokens, clock);
  } finally {
    // Their results are not wanted, but the pages they write to must not be reused before they are done.
    await Promise.allSettled(inFlight);
    plans.use(NO_ADAPTERS);
    cache.close(
      sequence,
      [...prompt, ...generated.slice(0, -1)].slice(0, computed(sequence, prompt, generated)),
    );
  }
}

/** Tokens whose keys and values are surely there: an aborted prefill leaves the chunks that were submitted. */
function computed(
  sequence: { ids: readonly number[] },
  prompt: readonly number[],
  generated: readonly number[],
): number {
  return sequence.ids.length < prompt.length
    ? sequence.ids.length
    : prompt.length + Math.max(0, generated.length - 1);
}

function checkTop(top: number | undefined): number | undefined {
  if (top !== undefined && (!Number.isInteger(top) || top < 0 || top > MOST_TOP_LOGPROBS)) {
    throw new QuernError('invalid-request', `top logprobs of ${top}; 0 to ${MOST_TOP_LOGPROBS} work.`);
  }
  return top;
}

/** Control tokens are part of the ids, not of the text. */
function visibleBytes(tokenizer: Tokenizer, id: number): Uint8Array {
  return tokenizer.isSpecial(id) ? new Uint8Array() : tokenizer.bytes(id);
}

function tokenInfo(tokenizer: Tokenizer, { id, logprob, top }: StepRecord, count: number): TokenInfo {
  const withBytes = (token: TokenLogprob) => ({ ...token, bytes: [...tokenizer.bytes(token.id)] });
  return { ...withBytes({ id, logprob: logprob! }), top: top.slice(0, count).map(withBytes) };
}

function finish(
  reason: FinishReason,
  promptTokens: number,
  completionTokens: number,
  cachedTokens: number,
  clock: Clock,
): StreamPart {
  return {
    type: 'finish',
    reason,
    usage: { promptTokens, completionTokens, cachedTokens },
    timings: clock.timings(),
  };
}

class Clock {
  readonly #asked: number;
  readonly #started = performance.now();
  readonly #prefillTokens: number;
  #first: number | undefined;
  #last = 0;
  #tokens = 0;

  constructor(asked: number, prefillTokens: number) {
    this.#asked = asked;
    this.#prefillTokens = prefillTokens;
  }

  /** A token was read back. */
  tick(): void {
    this.#last = performance.now();
    this.#first ??= this.#last;
    this.#tokens++;
  }

  timings(): Timings {
    const first = this.#first ?? this.#started;
    return {
      timeToFirstTokenMs: first - this.#asked,
      prefillTokens: this.#prefillTokens,
      prefillMs: first - this.#started,
      decodeTokens: Math.max(0, this.#tokens - 1),
      decodeMs: this.#tokens > 1 ? this.#last - first : 0,
    };
  }
}
