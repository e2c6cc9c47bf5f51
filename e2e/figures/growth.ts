// What grows with what: cost against prompt length, context depth, batch rows and model size, each beside what the
// adapter's roofline leaves. Models are made up; their weights are random, their shapes those of published ones.

import { type Gpu, median, openGpu } from '@quern/gpu';
import { measureRoofline } from '@quern/engine';
import type { BenchRow, KvType } from '@quern/spec';
import type { Chart, Line, Point } from './charts.ts';
import { matmulSpeed } from './matmul-speed.ts';
import type { MadeType } from './made-llama.ts';
import { modelSpeed } from './model-speed.ts';
import { SHAPES, type SizeName } from './shapes.ts';

/** How much of it an adapter has patience for. */
export interface GrowthSizes {
  prompts: number[];
  depths: number[];
  decodeTokens: number;
  repetitions: number;
  batchRows: number[];
  /** Which model each, and how many of its layers where not all. */
  models: Array<{ size: SizeName; type: MadeType; layers?: number }>;
}

export const ON_SOFTWARE: GrowthSizes = {
  prompts: [8, 32, 128, 256],
  depths: [0, 512, 2048, 4096, 8192],
  decodeTokens: 4,
  repetitions: 3,
  batchRows: [1, 2, 3, 4, 5, 6, 7, 8],
  models: [
    { size: '0.1B', type: 'q4_0' },
    { size: '0.3B', type: 'q4_0' },
    { size: '0.5B', type: 'q4_0' },
    { size: '1B', type: 'q4_0' },
    { size: '0.1B', type: 'q8_0' },
    { size: '0.3B', type: 'q8_0' },
    { size: '0.5B', type: 'q8_0' },
    { size: '1B', type: 'q4_k' },
    // Whole ones would take hours: these have the layers that are told.
    { size: '3B', type: 'q4_k', layers: 2 },
    { size: '8B', type: 'q4_k', layers: 2 },
  ],
};

const SIZES = Object.keys(SHAPES) as SizeName[];

export const ON_A_GPU: GrowthSizes = {
  prompts: [8, 32, 128, 512, 2048, 8192],
  depths: [0, 512, 2048, 8192, 32_768],
  decodeTokens: 32,
  repetitions: 5,
  batchRows: [1, 2, 3, 4, 5, 6, 7, 8],
  models: [
    ...SIZES.flatMap((size) => [
      { size, type: 'q4_0' as const },
      { size, type: 'q8_0' as const },
    ]),
    { size: '1B', type: 'q4_k' },
    { size: '3B', type: 'q4_k' },
    { size: '8B', type: 'q4_k' },
  ],
};

const CHARTS = { prompt: byPrompt, depth: byDepth, rows: byRows, size: bySize };

/** Charts as they are measured; all of them, or those of `only`. */
export async function* growth(
  openEntry: () => Promise<GPU>,
  sizes: GrowthSizes,
  only: readonly string[] | undefined,
  say: (what: string) => void,
): AsyncGenerator<Chart> {
  for (const [name, measure] of Object.entries(CHARTS)) {
    if (!only || only.includes(name)) yield await measure(openEntry, sizes, say);
  }
}

type Entry = () => Promise<GPU>;
type Say = (what: string) => void;

async function byPrompt(entry: Entry, sizes: GrowthSizes, say: Say): Promise<Chart> {
  say(`prompts of ${sizes.prompts.join(', ')} tokens`);
  const request = {
    promptTokens: sizes.prompts,
    decodeTokens: 0,
    depths: [],
    repetitions: sizes.repetitions,
  };
  const { rows } = await modelSpeed(await entry(), { ...SHAPES['0.1B'], type: 'q4_0' }, request);
  const points = rows.map((row) => point(row.tokens, row, (speed) => (1000 * row.tokens) / speed));
  return {
    title: 'A prompt, 0.1 B Q4_0',
    scale: 'log',
    x: 'tokens',
    y: 'ms',
    lines: [{ name: 'prefill', points }],
  };
}

async function byDepth(entry: Entry, sizes: GrowthSizes, say: Say): Promise<Chart> {
  const lines: Line[] = [];
  for (const kv of ['f16', 'q8', 'f32'] satisfies KvType[]) {
    say(`decode after ${sizes.depths.join(', ')} tokens, keys and values in ${kv}`);
    const { decodeTokens, depths, repetitions } = sizes;
    const request = { promptTokens: [], decodeTokens, depths, repetitions };
    const { rows } = await modelSpeed(await entry(), { ...SHAPES['0.1B'], type: 'q4_0' }, request, kv);
    const start = rows[0]!;
    // The limit here is the speed after nothing and what the roofline asks for the keys and values.
    lines.push({
      name: `KV ${kv}`,
      points: rows.map((row) => ({
        ...point(row.depth, row, (speed) => 1000 / speed),
        limit: 1000 / (row.line ?? median(start.tokensPerSecond)),
      })),
    });
  }
  return { title: 'A token at depth, 0.1 B Q4_0', scale: 'linear', x: 'tokens before it', y: 'ms', lines };
}

async function byRows(entry: Entry, sizes: GrowthSizes, say: Say): Promise<Chart> {
  const gpu: Gpu = await openGpu(await entry());
  try {
    const limits = await measureRoofline(gpu);
    const { width, hidden } = SHAPES['1B'];
    const lines: Line[] = [];
    for (const type of ['q4_0', 'q4_k', 'q8_0']) {
      say(`${type} times 1 to ${sizes.batchRows.at(-1)} rows`);
      const points: Point[] = [];
      for (const rows of sizes.batchRows) {
        const { seconds, share } = await matmulSpeed(gpu, limits, { type, rows, outputs: hidden, k: width });
        points.push({ x: rows, y: seconds * 1000, limit: seconds * 1000 * share });
      }
      lines.push({ name: type, points });
    }
    return {
      title: `${hidden} x ${width} weights times a batch`,
      scale: 'linear',
      x: 'rows',
      y: 'ms',
      lines,
    };
  } finally {
    gpu.destroy();
  }
}

async function bySize(entry: Entry, sizes: GrowthSizes, say: Say): Promise<Chart> {
  const lines: Line[] = [];
  for (const { size, type, layers } of sizes.models) {
    const part = layers === undefined ? '' : `, ${layers} of ${SHAPES[size].layers} layers`;
    say(`decode with ${size} ${type}${part}`);
    const request = {
      promptTokens: [],
      depths: [0],
      decodeTokens: sizes.decodeTokens,
      repetitions: Math.min(3, sizes.repetitions),
    };
    const shape = { ...SHAPES[size], type, ...(layers !== undefined && { layers }) };
    const { rows, parameters } = await modelSpeed(await entry(), shape, request);
    const name = layers === undefined ? type : `${type}, few layers`;
    let line = lines.find((other) => other.name === name);
    if (!line) lines.push((line = { name, points: [] }));
    const note = `${size}${part}`;
    line.points.push({ ...point(parameters / 1e9, rows[0]!, (speed) => 1000 / speed), note });
  }
  return {
    title: 'A token by model size',
    scale: 'log',
    x: 'parameters, billions',
    y: 'ms',
    lines,
  };
}

/** A row's median and spread, and its limit, as a cost. */
function point(x: number, { tokensPerSecond, limit }: BenchRow, cost: (speed: number) => number): Point {
  const costs = tokensPerSecond.map(cost).toSorted((a, b) => a - b);
  return {
    x,
    y: median(costs),
    low: costs[0]!,
    high: costs.at(-1)!,
    ...(limit !== undefined && { limit: cost(limit) }),
  };
}
