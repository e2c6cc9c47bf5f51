// Prefill and decode of a made-up model, with the limits that the roofline draws.

import { loadEngine } from '@quern/engine';
import type { BenchRequest, BenchRow, KvType, Roofline } from '@quern/spec';
import { madeLlama, type MadeLlamaShape, madeSource } from './made-llama.ts';

export interface ModelSpeed {
  parameters: number;
  weightBytes: number;
  kv: KvType;
  loadMs: number;
  roofline: Roofline;
  rows: BenchRow[];
}

/** Loads it, measures, frees it. `entry`: WebGPU's entry point. Throws what loads and benches throw. */
export async function modelSpeed(
  entry: GPU,
  shape: MadeLlamaShape,
  request: BenchRequest,
  kv: KvType = 'f16',
): Promise<ModelSpeed> {
  const deepest = Math.max(0, ...request.depths) + request.decodeTokens + 1;
  const context = Math.max(256, deepest, ...request.promptTokens);
  const engine = await loadEngine({
    sources: [madeSource(madeLlama({ ...shape, context }))],
    gpu: entry,
    contextLength: context,
    kv,
  });
  try {
    const roofline = await engine.roofline();
    const rows: BenchRow[] = [];
    for await (const row of engine.bench(request)) rows.push(row);
    const { parameters, memory, timings } = engine.info();
    return { parameters, weightBytes: memory.weightBytes, kv, loadMs: timings.loadMs, roofline, rows };
  } finally {
    await engine.unload();
  }
}
