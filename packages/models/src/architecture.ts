// What an architecture file provides. One file a family under architectures/, named by its model_type:
// names, config, weights, forward. It calls ops; it never sees tokens, sampling or the page.

import type { TensorInfo } from '@quern/dtypes';
import type { Metadata } from '@quern/formats';
import type { Recorder, Tensor } from '@quern/gpu';
import type { KvShape, Reach } from '@quern/kernels';
import type { WeightRegistry } from './weight-registry.ts';

/** What the rooms above need to know of a model before any weight is there. */
export interface ModelConfig {
  readonly layers: number;
  readonly dim: number;
  /** Of queries, in layers with attention. */
  readonly heads: number;
  readonly vocabulary: number;
  readonly trainedContextLength: number;
  /** One for each layer; the engine adds the cache's type. */
  readonly cache: ReadonlyArray<Omit<KvShape, 'type'>>;
  /** How far back layer i sees (undefined: all); what lies before it is not kept. */
  reach?(i: number): Reach | undefined;
}

/** Where a layer's keys and values are. */
export interface LayerCache {
  /** The layer's pages. */
  readonly kv: Tensor;
  readonly shape: KvShape;
  /** [slots, pages a slot] u32, shared by the layers that see equally far back. */
  readonly pageTable: Tensor;
}

/** What a forward pass reads besides its hidden rows. */
export interface ForwardContext {
  /** Rows, their positions and slots: kernels/lib/step.wgsl. */
  readonly step: Tensor;
  readonly layers: readonly LayerCache[];
  /** The rows are consecutive tokens of one sequence, or each a sequence of its own. */
  readonly oneSequence: boolean;
  /** No row's position is at or beyond it. */
  readonly keys: number;
}

export interface Model {
  /**
   * Makes ready for a sequence of up to `tokens`. True if that changed how keys are computed, so that the cache
   * holds nothing of use any more (LongRoPE).
   */
  prepare(tokens: number): boolean;
  /** Hidden rows [rows, dim] of the step's tokens. */
  embed(rec: Recorder, step: Tensor, rows: number): Tensor;
  /** [rows, dim] -> [rows, dim], through every layer; appends to the cache. */
  forward(rec: Recorder, hidden: Tensor, context: ForwardContext): Tensor;
  /** [rows, dim] -> logits [rows, vocabulary]. */
  head(rec: Recorder, hidden: Tensor, step: Tensor): Tensor;
}

export interface Architecture<C extends ModelConfig = ModelConfig> {
  /** From GGUF metadata. Throws 'corrupt-file' for keys that are missing or make no sense. */
  config(metadata: Metadata, key: string): C;
  /** Names every tensor it needs, which the registry then fills, for positions up to `positions`. */
  create(weights: WeightRegistry, config: C, positions: number): Model;
  /** What becomes of these tensors that their types do not tell, in sentences. */
  remarks?(tensors: ReadonlyMap<string, TensorInfo>): string[];
}
