// From the files of a model to an engine: header, plan of memory, buffers, weights streamed while kernels
// compile. What was taken is freed when anything fails.

import { type ModelFile, openModelFile } from '@quern/formats';
import { type Gpu, openGpu } from '@quern/gpu';
import { withGgufNames } from '@quern/models';
import {
  type ByteSource,
  type InferenceEngine,
  type KvType,
  type Numerics,
  type Progress,
  type Prompt,
  QuernError,
  throwIfAborted,
} from '@quern/spec';
import { ByteBudget } from '@quern/store';
import { AdapterShelf } from './adapters.ts';
import { prefillEarly } from './early-prefill.ts';
import { Engine, type EngineParts } from './engine.ts';
import { fit } from './fit.ts';
import { firstPlans, layOut, plansAfter } from './layout.ts';
import { modelName } from './model-name.ts';
import { Pace } from './pace.ts';
import { type ModelText, openText } from './open-text.ts';
import { encodePrompt } from './prompt.ts';
import { Runner } from './runner.ts';
import { needOf } from './self-test/need.ts';
import { chooseFor, type ChoiceOptions, untested, type VariantChoices } from './self-test/variant-choice.ts';
import { SequenceCache } from './sequence-cache.ts';
import { countTensors, tensorTable } from './tensor-table.ts';
import { streamWeights, type StreamTimes } from './weight-stream.ts';

export interface LoadOptions {
  /** The files of one model (all parts of a split GGUF, a folder of safetensors), in any order. The engine closes them. */
  sources: ByteSource[];
  /** The WebGPU entry point; default: the platform's own. */
  gpu?: GPU;
  /** Default: min(trained length, 4096, what fits). */
  contextLength?: number;
  /** Default 'f16'; 'q8' where the context asked for fits no other way; what it costs: docs/performance.md. */
  kv?: KvType;
  /** What weights, keys and values and scratch may take together; default: whatever the device gives. */
  memoryBytes?: number;
  /** Default 'exact'. */
  numerics?: Numerics;
  /** Forces kernel variants, axis -> value. */
  variants?: Record<string, string>;
  /**
   * The device self-test: kernels are tried on this adapter while weights arrive, and the choice is kept. Without it
   * variants are the usual ones for such an adapter, untried.
   */
  selfTest?: ChoiceOptions;
  /**
   * A prompt to compute while the weights arrive, so that a request that begins with it has its first token at once.
   * A load with one throws 'template-error', 'context-overflow' and 'invalid-request' for it, too.
   */
  prompt?: Prompt;
  /** The bytes that the load may hold at once, shared with its sources. Default: a budget of its own. */
  budget?: ByteBudget;
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

/** Streams a model's weights to the GPU and makes it ready. Throws QuernError; frees what it took. */
export async function loadEngine(options: LoadOptions): Promise<InferenceEngine> {
  return new Engine(await loadParts(options));
}

/**
 * How tests look inside: `keepTaps` lets them read what plans name; `wholeCache` has layers with a window keep all;
 * `chunkRows` bounds the chunks of a prefill, and what those layers keep for them.
 */
export interface Inside {
  keepTaps?: boolean;
  wholeCache?: boolean;
  chunkRows?: number | undefined;
}

/** The pieces that an engine is made of. */
export async function loadParts(options: LoadOptions, inside: Inside = {}): Promise<EngineParts> {
  const { sources, signal } = options;
  const start = performance.now();
  const opening = openGpu(options.gpu);
  try {
    const [file, gpu] = await Promise.all([openModelFile(sources, signal), opening]);
    options.budget?.suit(sources.reduce((sum, { byteLength }) => sum + byteLength, 0));
    throwIfAborted(signal);
    return await build(options, withGgufNames(file), gpu, start, inside);
  } catch (error) {
    // The header may be refused while the device is still on its way.
    opening.then(
      (gpu) => gpu.destroy(),
      () => undefined,
    );
    throw QuernError.from(error);
  } finally {
    await Promise.allSettled(sources.map((source) => source.close()));
  }
}

async function build(
  options: LoadOptions,
  file: ModelFile,
  gpu: Gpu,
  start: number,
  { keepTaps = false, wholeCache = false, chunkRows: mostRows }: Inside,
): Promise<EngineParts> {
  const { sources, signal, onProgress, budget = new ByteBudget() } = options;
  const fitted = await fit(file, { ...options, caps: gpu.caps, wholeCache, chunkRows: mostRows });
  const { config, contextLength, kv, chunkRows, variants } = fitted;

  gpu.device.pushErrorScope('out-of-memory');
  const vectors = await readSmall(file, signal);
  const layout = layOut({ gpu, file, vectors, keepTaps, wholeCache, ...fitted });
  const { weights, model, groups, kvGroups, layers, steps, sampler, plans } = layout;
  // Gigabytes take the driver seconds: the first weights come meanwhile.
  const allocating = gpu.device.popErrorScope().then((outOfMemory) => {
    if (!outOfMemory) return;
    throw new QuernError(
      'out-of-memory',
      `The GPU has no room for ${weights.byteLength} bytes of weights and the KV cache of ${contextLength} tokens. ` +
        'Try a smaller quantisation or a smaller context.',
    );
  });
  const cache = new SequenceCache(groups);
  const pace = new Pace(gpu);
  const runner = new Runner({
    gpu,
    model,
    plans,
    pace,
    steps,
    sampler,
    cache,
    chunkRows,
    vocabulary: config.vocabulary,
  });

  const opened = performance.now();
  // What fails first ends the load; the others' failures are of no interest then.
  const failing = new AbortController();
  const ending = signal ? AbortSignal.any([signal, failing.signal]) : failing.signal;
  const streaming = streamWeights({
    gpu,
    sources: file.sources,
    weights,
    budget,
    byUse: options.prompt !== undefined && !file.sources.some(({ forwardOnly }) => forwardOnly),
    onProgress,
    signal: ending,
  });
  const keeping = completeAfter(streaming, sources, ending);
  const forced = options.variants ?? {};
  const arrived = new AbortController();
  const settled = (now: Readonly<Record<string, string>>) => {
    plans.choose(now);
    return firstPlans(plans, chunkRows);
  };
  const need = needOf(weights, config, kv, chunkRows);
  const choosing = options.selfTest
    ? chooseFor(
        {
          gpu,
          need,
          numerics: options.numerics ?? 'exact',
          usual: variants,
          forced,
          settled,
          arrived: arrived.signal,
        },
        options.selfTest,
        ending,
      )
    : Promise.resolve(untested(variants, forced));
  streaming.then(
    () => arrived.abort(),
    () => undefined, // the load ends with it
  );
  const chosen = choosing.then((choice) => {
    plans.choose(choice.variants);
    return { ...choice, chosenAt: performance.now() };
  });
  const compiling = chosen.then(() => firstPlans(plans, chunkRows)).then(() => performance.now());
  const reading = readTextBeside(file, ending);
  const prefilling = reading.then(async (read) => {
    if (options.prompt === undefined) return undefined;
    const ids = encodePrompt({ ...read, config, contextLength }, options.prompt);
    await chosen;
    const early = { gpu, config, model, weights, plans, pace, steps, cache, chunkRows, signal: ending };
    await Promise.all([prefillEarly(early, ids), plansAfter(plans, ids.length)]);
    return performance.now();
  });
  let streamed: StreamTimes, compiled: number, text: ModelText & { textMs: number };
  let choice: VariantChoices & { chosenAt: number };
  let prefilled: number | undefined;
  try {
    [streamed, choice, compiled, text, prefilled] = await Promise.all([
      streaming,
      chosen,
      compiling,
      reading,
      prefilling,
      keeping,
      allocating,
    ]);
  } catch (error) {
    failing.abort();
    await Promise.allSettled([streaming, chosen, reading, keeping]);
    await allocating; // where that failed, it is what made the others fail
    throw error;
  }
  const done = performance.now();
  report(onProgress, sources, weights.byteLength);
  return {
    gpu,
    name: modelName(file),
    architecture: file.architecture,
    metadata: file.metadata,
    config,
    contextLength,
    kv,
    kvBuffers: [...new Set(layers.map(({ kv }) => kv.place!.buffer))],
    kvGroups,
    ...countTensors(tensorTable(file)),
    weights,
    tokenizer: text.tokenizer,
    template: text.template,
    variants: choice.variants,
    variantChoices: choice.choices,
    plans,
    pace,
    runner,
    steps,
    sampler,
    cache,
    adapters: new AdapterShelf({ gpu, base: file, weights }),
    chunkRows,
    timings: {
      openMs: opened - start,
      weightsMs: streamed.verified - opened,
      chooseMs: choice.chosenAt - opened,
      compileMs: compiled - opened,
      textMs: text.textMs,
      lastByteMs: streamed.lastByte - start,
      uploadMs: streamed.uploaded - start,
      verifyMs: streamed.verified - streamed.uploaded,
      ...(prefilled !== undefined && { promptMs: prefilled - start }),
      loadMs: done - start,
      bytesFetched: sources.reduce((sum, source) => sum + source.bytesFetched, 0),
    },
  };
}

/**
 * Tokenizer and template, made once the first weights are asked for and the compiler has its work: that is one piece
 * of work without a pause, which should delay neither.
 */
async function readTextBeside(file: ModelFile, signal: AbortSignal): Promise<ModelText & { textMs: number }> {
  await new Promise((resolve) => setTimeout(resolve));
  const begun = performance.now();
  const text = await openText(file, signal);
  return { ...text, textMs: performance.now() - begun };
}

/** When all that is needed has come: what else the files have, for the cache, and whether they are whole. */
async function completeAfter(
  streaming: Promise<unknown>,
  sources: readonly ByteSource[],
  signal: AbortSignal,
): Promise<void> {
  await streaming;
  for (const source of sources) await source.complete?.({ signal });
}

/** Small tensors that shape the model: read before any weight is placed. */
async function readSmall(
  file: ModelFile,
  signal: AbortSignal | undefined,
): Promise<Map<string, Float32Array>> {
  const vectors = new Map(file.vectors);
  for (const name of ['rope_freqs.weight', 'rope_factors_long.weight', 'rope_factors_short.weight']) {
    const info = file.tensors.get(name);
    if (!info) continue;
    const bytes = await file.sources[info.file]!.read(info.offset, info.byteLength, signal);
    const length = info.shape.reduce((product, n) => product * n, 1);
    const values = new Float32Array(length);
    info.dtype.decode(bytes, length / info.dtype.blockSize, values);
    vectors.set(name, values);
  }
  return vectors;
}

function report(onProgress: LoadOptions['onProgress'], sources: readonly ByteSource[], bytes: number): void {
  const [first] = sources;
  onProgress?.({
    phase: 'ready',
    loaded: bytes,
    total: bytes,
    file: first!.name,
    fileLoaded: first!.byteLength,
    fileTotal: first!.byteLength,
    from: first!.origin,
    bytesPerSecond: 0,
    secondsLeft: 0,
  });
}
