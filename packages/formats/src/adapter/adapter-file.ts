// A LoRA adapter as the rooms above see it, whatever its format: which weights of a base model it adds to.

import type { TensorInfo } from '@quern/dtypes';
import type { ByteSource } from '@quern/spec';

/** What is added to a weight W [outputs, inputs]: scale * B A (arXiv 2106.09685). */
export interface LowRank {
  /** [rank, inputs]. */
  readonly a: TensorInfo;
  /** [outputs, rank]. */
  readonly b: TensorInfo;
  /** alpha / rank, or alpha / sqrt(rank) with rsLoRA. */
  readonly scale: number;
}

export interface AdapterFile {
  readonly format: 'peft' | 'gguf';
  /** Of the base model, where the file says: GGUF's word. */
  readonly architecture?: string;
  /** By the name of the weight, as files of the format's kind have it: '...q_proj.weight', 'blk.0.attn_q.weight'. */
  readonly weights: ReadonlyMap<string, LowRank>;
  /** In the order that `TensorInfo.file` counts. Still the caller's to close. */
  readonly sources: readonly ByteSource[];
}
