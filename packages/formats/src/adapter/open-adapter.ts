// The files of a LoRA adapter -> one AdapterFile: PEFT's folder, or a GGUF of type 'adapter' (llama.cpp,
// convert_lora_to_gguf.py and llama-adapter.cpp).

import { QuernError, throwIfAborted, type ByteSource } from '@quern/spec';
import { openGguf } from '../gguf/open-gguf.ts';
import { getNumber, getString } from '../metadata.ts';
import { requireDecodable } from '../model-file.ts';
import { sniffFormat } from '../sniff-format.ts';
import type { AdapterFile } from './adapter-file.ts';
import { type Half, pairUp } from './pair-up.ts';

/**
 * Throws 'corrupt-file', 'invalid-request' for missing files, 'unsupported-architecture' for adapters of other
 * kinds than LoRA on linear layers, 'unsupported-dtype', 'aborted', and what the sources throw.
 */
export async function openAdapter(
  sources: readonly ByteSource[],
  signal?: AbortSignal,
): Promise<AdapterFile> {
  throwIfAborted(signal);
  const [only] = sources;
  const gguf = sources.length === 1 && (await sniffFormat(only!, signal)) === 'gguf';
  if (gguf) return openGgufAdapter(sources, signal);
  const { openPeft } = await import('../folders.ts');
  return openPeft(sources, signal);
}

async function openGgufAdapter(
  sources: readonly ByteSource[],
  signal: AbortSignal | undefined,
): Promise<AdapterFile> {
  const file = await openGguf(sources, signal);
  const type = getString(file.metadata, 'general.type', 'model');
  const kind = getString(file.metadata, 'adapter.type', 'none');
  if (type !== 'adapter' || kind !== 'lora') {
    throw new QuernError(
      'invalid-request',
      `${sources[0]!.name} is a '${type}' (adapter.type: '${kind}'), not a LoRA adapter`,
    );
  }
  if (file.metadata.has('adapter.alora.invocation_tokens')) {
    throw new QuernError('unsupported-architecture', 'the adapter is an aLoRA; plain LoRA runs');
  }
  requireDecodable(file);
  const halves = [...file.tensors.values()].map((tensor): Half => {
    const [, weight, half] = /^(.+\.weight)\.lora_([ab])$/.exec(tensor.name) ?? [];
    if (weight !== undefined && !weight.startsWith('token_embd.')) {
      return { weight, half: half === 'a' ? 'a' : 'b', tensor };
    }
    throw new QuernError(
      'unsupported-architecture',
      `the adapter has a tensor '${tensor.name}'; additions to linear layers run`,
    );
  });
  const alpha = getNumber(file.metadata, 'adapter.lora.alpha', 0);
  // llama.cpp: without an alpha the pair stands for itself.
  const scaleOf = (_weight: string, rank: number) => (alpha === 0 ? 1 : alpha / rank);
  return {
    format: 'gguf',
    architecture: file.architecture,
    weights: pairUp(halves, scaleOf),
    sources: file.sources,
  };
}
