// A model file as the rooms above see it, whatever its format: metadata, and where each tensor lies.
// Nothing here has read a weight.

import type { TensorInfo } from '@quern/dtypes';
import { QuernError, type ByteSource } from '@quern/spec';
import type { Metadata } from './metadata.ts';

/** A tensor whose type this build cannot decode: it can be listed, not loaded. */
export interface UnsupportedTensor {
  readonly name: string;
  /** GGUF's number of the type. */
  readonly typeId?: number;
  /** The format's own name of it ('Q8_1', 'F8_E4M3'). */
  readonly typeName: string;
  /** Outermost first. */
  readonly shape: readonly number[];
  readonly file: number;
  readonly offset: number;
}

/** Text as a Hugging Face folder has it: parsed, not checked. */
export interface TextFiles {
  readonly tokenizer: unknown;
  readonly tokenizerConfig: unknown;
  readonly chatTemplate?: string;
  /** Ids that end generation besides those that the tokenizer knows. */
  readonly eosIds: readonly number[];
}

export interface ModelFile {
  readonly format: 'gguf' | 'safetensors';
  /** The file's own word: GGUF's 'qwen3moe', config.json's 'qwen3_moe'. Metadata keys start with it. */
  readonly architecture: string;
  readonly metadata: Metadata;
  /** By name, in file order. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly unsupported: ReadonlyMap<string, UnsupportedTensor>;
  /** In the order that `TensorInfo.file` counts. Still the caller's to close. */
  readonly sources: readonly ByteSource[];
  /** Small tensors that follow from the metadata and lie in no file, by GGUF's names. */
  readonly vectors?: ReadonlyMap<string, Float32Array>;
  /** Why a sound file cannot run: something that it asks for and that is not done. */
  readonly refused?: string;
  /** Reads tokenizer and template where the metadata does not hold them. */
  readonly readText?: (signal?: AbortSignal) => Promise<TextFiles>;
}

/**
 * The tensor of that name, undefined where the file has none.
 * Throws 'unsupported-dtype' when it is there but of a type that cannot be decoded.
 */
export function findTensor(model: ModelFile, name: string): TensorInfo | undefined {
  const unsupported = model.unsupported.get(name);
  if (unsupported !== undefined) throw unsupportedType([unsupported]);
  return model.tensors.get(name);
}

/** The same, throwing 'corrupt-file' where the file has none. */
export function getTensor(model: ModelFile, name: string): TensorInfo {
  const tensor = findTensor(model, name);
  if (tensor !== undefined) return tensor;
  throw new QuernError(
    'corrupt-file',
    `${model.sources[0]?.name ?? 'the model'} has no tensor '${name}', which architecture '${model.architecture}' needs`,
  );
}

/**
 * Throws 'unsupported-dtype' naming types and a tensor, unless every tensor can be decoded; and
 * 'unsupported-architecture' for a file that asks for what is not done.
 */
export function requireDecodable(model: ModelFile): void {
  if (model.refused !== undefined) {
    throw new QuernError('unsupported-architecture', `The model cannot run: ${model.refused}.`);
  }
  if (model.unsupported.size > 0) throw unsupportedType([...model.unsupported.values()]);
}

function unsupportedType(tensors: readonly UnsupportedTensor[]): QuernError {
  const types = [...new Set(tensors.map((tensor) => tensor.typeName))].join(', ');
  const others = tensors.length > 1 ? ` and ${tensors.length - 1} more` : '';
  return new QuernError(
    'unsupported-dtype',
    `tensor '${tensors[0]!.name}'${others} is stored as ${types}, which Quern cannot decode; ` +
      'take another quantisation of the same model (Q4_K_M, Q8_0 and F16 work)',
  );
}
