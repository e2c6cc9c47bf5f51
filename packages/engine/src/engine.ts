// A loaded model: everything that lives as long as it does, behind the calls of spec/engine-api.

import type { Gpu } from '@quern/gpu';
import { type Metadata } from '@quern/formats';
import type { ModelConfig, WeightRegistry } from '@quern/models';
import {
  type BenchRequest,
  type BenchRow,
  type ByteSource,
  type EngineInfo,
  type GenerateRequest,
  type InferenceEngine,
  type KernelTiming,
  type KvGroupInfo,
  type KvType,
  type LoadTimings,
  type LoraInfo,
  type PerplexityResult,
  type Prompt,
  QuernError,
  type Roofline,
  type StreamPart,
  type VariantChoice,
} from '@quern/spec';
import { type ChatTemplate, type Tokenizer } from '@quern/text';
import type { BenchContext } from './bench.ts';
import { adapterInfo } from './adapter-info.ts';
import type { AdapterShelf } from './adapters.ts';
import { generate } from './generate.ts';
import type { Pace } from './pace.ts';
import type { PlanBook } from './plan-book.ts';
import { memoryOf } from './layout.ts';
import { loadMeasure } from './load-measure.ts';
import { encodePrompt } from './prompt.ts';
import type { Runner } from './runner.ts';
import type { SamplerState } from './sampling/stages.ts';
import type { SequenceCache } from './sequence-cache.ts';
import type { StepTensors } from './step-tensors.ts';
import { Turns } from './turns.ts';
import { numericsOf } from '@quern/kernels';

/** The pieces of a loaded model; the engine owns them. */
export interface EngineParts {
  gpu: Gpu;
  name: string;
  architecture: string;
  metadata: Metadata;
  config: ModelConfig;
  contextLength: number;
  kv: KvType;
  kvBuffers: GPUBuffer[];
  kvGroups: KvGroupInfo[];
  parameters: number;
  tensorTypes: Record<string, number>;
  weights: WeightRegistry;
  tokenizer: Tokenizer;
  template: ChatTemplate | undefined;
  variants: Record<string, string>;
  variantChoices: Record<string, VariantChoice>;
  plans: PlanBook;
  pace: Pace;
  runner: Runner;
  steps: StepTensors;
  sampler: SamplerState;
  cache: SequenceCache;
  adapters: AdapterShelf;
  chunkRows: number;
  timings: LoadTimings;
}

export class Engine implements InferenceEngine {
  readonly #parts: EngineParts;
  readonly #turns = new Turns();
  #roofline: Roofline | undefined;
  #unloaded = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  async *generate(
    request: GenerateRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<StreamPart, void, undefined> {
    const asked = performance.now();
    const end = await this.#turn(signal);
    try {
      yield* generate(this.#parts, request, asked, signal);
    } catch (error) {
      throw this.#explain(error);
    } finally {
      end();
    }
  }

  async perplexity(
    prompt: Extract<Prompt, { kind: 'text' | 'ids' }>,
    signal?: AbortSignal,
  ): Promise<PerplexityResult> {
    const end = await this.#turn(signal);
    const { runner, cache } = this.#parts;
    const sequence = cache.start();
    try {
      const promptIds = encodePrompt(this.#parts, prompt);
      if (promptIds.length < 2) {
        throw new QuernError(
          'invalid-request',
          `Perplexity needs at least 2 tokens; the text has ${promptIds.length}.`,
        );
      }
      const logprobs = await runner.logprobs(sequence, promptIds, signal);
      return { promptIds, nll: logprobs.map((logprob) => -logprob) };
    } catch (error) {
      throw this.#explain(error);
    } finally {
      cache.free(sequence);
      end();
    }
  }

  async *bench(request: BenchRequest, signal?: AbortSignal): AsyncGenerator<BenchRow, void, undefined> {
    const end = await this.#turn(signal);
    try {
      const { benchDecode, benchPrefill, measureRoofline, withLine } = await loadMeasure();
      for (const tokens of request.promptTokens)
        yield await benchPrefill(this.#bench(), tokens, request.repetitions, signal);
      const { decodeTokens, depths, repetitions } = request;
      if (decodeTokens > 0) {
        if (depths.length > 1) this.#roofline ??= await measureRoofline(this.#parts.gpu);
        const rows = await benchDecode(this.#bench(), decodeTokens, depths, repetitions, signal);
        yield* this.#roofline ? withLine(rows, this.#roofline) : rows;
      }
    } catch (error) {
      throw this.#explain(error);
    } finally {
      end();
    }
  }

  #bench(): BenchContext {
    return { ...this.#parts, roofline: this.#roofline };
  }

  async profile(phase: 'prefill' | 'decode'): Promise<KernelTiming[]> {
    const end = await this.#turn(undefined);
    try {
      const { profileStep, withLeast } = await loadMeasure();
      const timings = await profileStep(this.#parts, phase);
      return this.#roofline ? withLeast(timings, this.#roofline) : timings;
    } catch (error) {
      throw this.#explain(error);
    } finally {
      end();
    }
  }

  async roofline(): Promise<Roofline> {
    const end = await this.#turn(undefined);
    try {
      const { measureRoofline } = await loadMeasure();
      return (this.#roofline = await measureRoofline(this.#parts.gpu));
    } catch (error) {
      throw this.#explain(error);
    } finally {
      end();
    }
  }

  async loadAdapter(id: string, sources: ByteSource[], signal?: AbortSignal): Promise<LoraInfo> {
    const end = await this.#turn(signal).catch(async (error: unknown) => {
      await Promise.allSettled(sources.map((source) => source.close()));
      throw error;
    });
    try {
      return await this.#parts.adapters.load(id, sources, signal);
    } catch (error) {
      throw this.#explain(error);
    } finally {
      end();
    }
  }

  async unloadAdapter(id: string): Promise<void> {
    const end = await this.#turn(undefined);
    try {
      const { adapter, key } = this.#parts.adapters.remove(id);
      await this.#parts.plans.forget(key);
      adapter.destroy();
    } catch (error) {
      throw this.#explain(error);
    } finally {
      end();
    }
  }

  info(): EngineInfo {
    const p = this.#parts;
    const memory = memoryOf(p);
    return {
      model: p.name,
      architecture: p.architecture,
      contextLength: p.contextLength,
      trainedContextLength: p.config.trainedContextLength,
      parameters: p.parameters,
      tensorTypes: p.tensorTypes,
      vocabularySize: p.config.vocabulary,
      hasChatTemplate: p.template !== undefined,
      kv: p.kv,
      adapters: p.adapters.infos,
      memory: { ...memory, weightBytes: memory.weightBytes + p.adapters.byteLength },
      adapter: adapterInfo(p.gpu.caps),
      variants: p.variants,
      variantChoices: p.variantChoices,
      numerics: numericsOf(p.variants),
      timings: p.timings,
    };
  }

  async unload(): Promise<void> {
    if (this.#unloaded) return;
    this.#unloaded = true;
    this.#parts.gpu.destroy();
  }

  async #turn(signal: AbortSignal | undefined): Promise<() => void> {
    if (this.#unloaded) throw new QuernError('unloaded', 'The engine was unloaded; load the model again.');
    const end = await this.#turns.take(signal);
    try {
      this.#parts.gpu.check();
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }

  /** After an unload every failure is that. */
  #explain(error: unknown): QuernError {
    if (this.#unloaded) return new QuernError('unloaded', 'The engine was unloaded.', { cause: error });
    return QuernError.from(error);
  }
}
