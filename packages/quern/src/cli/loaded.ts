// Loads a model for a command, tells of it on stderr, and frees it whatever happens.

import type { AdapterInfo, EngineInfo, InferenceEngine } from '@quern/spec';
import type { LoadRequest } from '../wire/host-api.ts';
import { progressLine } from './progress-line.ts';
import type { Tools } from './tools.ts';

export async function withModel(
  request: LoadRequest,
  tools: Tools,
  work: (engine: InferenceEngine, info: EngineInfo) => Promise<void>,
): Promise<void> {
  const line = progressLine(tools);
  let engine: InferenceEngine;
  try {
    engine = await tools.load(request, {
      onProgress: line.show,
      onWarning: line.warn,
      signal: tools.signal,
    });
  } finally {
    line.clear();
  }
  try {
    const info = engine.info();
    tools.err(`adapter: ${adapterName(info.adapter)}\n`);
    await work(engine, info);
  } finally {
    await engine.unload();
  }
}

export function adapterName({ vendor, architecture, device, description, software }: AdapterInfo): string {
  const name = description || device || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed';
  return software ? `${name} (software, on the CPU)` : name;
}
