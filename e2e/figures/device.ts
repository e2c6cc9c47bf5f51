// What a machine with a real GPU is asked: the roofline, GEMV and GEMM at the shapes of models of 1, 3 and 8 B
// parameters, prefill and decode of such models with made-up weights.

import { measureRoofline } from '@quern/engine';
import { type Gpu, median, openGpu } from '@quern/gpu';
import type { BenchRequest, KvType, Roofline } from '@quern/spec';
import { type AttentionSpeed, attentionSpeed } from './attention-speed.ts';
import { type MatmulSpeed, matmulSpeed } from './matmul-speed.ts';
import type { MadeType } from './made-llama.ts';
import { type ModelSpeed, modelSpeed } from './model-speed.ts';
import { matricesOf, SHAPES, type SizeName } from './shapes.ts';

export interface DeviceSizes {
  sizes: SizeName[];
  /** Of matmul. */
  types: string[];
  /** Rows of the GEMM; 0 for none. */
  gemmRows: number;
  /** Of models. */
  modelTypes: MadeType[];
  request: BenchRequest;
  /** Layers of each model; all unless told. */
  layers?: number;
}

export const WHOLE: DeviceSizes = {
  sizes: ['1B', '3B', '8B'],
  types: ['q4_0', 'q4_k', 'q6_k', 'q8_0', 'f16'],
  gemmRows: 256,
  modelTypes: ['q4_k', 'q8_0'],
  request: { promptTokens: [128, 512, 2048], decodeTokens: 64, depths: [0, 2048, 8192], repetitions: 3 },
};

/** That the scripts work: minutes on a software adapter. */
export const TINY: DeviceSizes = {
  sizes: ['0.3B'],
  types: ['q4_0', 'q8_0', 'f16'],
  gemmRows: 32,
  modelTypes: ['q8_0'],
  request: { promptTokens: [32], decodeTokens: 4, depths: [0, 512], repetitions: 1 },
  layers: 2,
};

export interface DeviceReport {
  roofline: Roofline;
  gemv: MatmulSpeed[];
  gemm: MatmulSpeed[];
  attention: AttentionSpeed[];
  models: Array<ModelSpeed & { size: SizeName; type: MadeType }>;
}

/** Throws what is wrong with the adapter. `report` is filled on the way, so that what was measured before that stays. */
export async function deviceReport(
  entry: () => Promise<GPU>,
  asked: DeviceSizes,
  report: Partial<DeviceReport>,
  say: (what: string) => void,
): Promise<void> {
  const gpu = await openGpu(await entry());
  try {
    const limits = (report.roofline = await measureRoofline(gpu));
    say(`roofline: ${rooflineText(limits)}`);
    report.gemv = await products(gpu, limits, asked, 1, say);
    report.gemm = asked.gemmRows > 0 ? await products(gpu, limits, asked, asked.gemmRows, say) : [];
    report.attention = await rowsOverKeys(gpu, limits, asked, say);
  } finally {
    gpu.destroy();
  }
  report.models = [];
  for (const size of asked.sizes) {
    for (const type of asked.modelTypes) {
      const layers = asked.layers ?? SHAPES[size].layers;
      const speed = await modelSpeed(await entry(), { ...SHAPES[size], type, layers }, asked.request);
      report.models.push({ size, type, ...speed });
      for (const { test, tokens, depth, tokensPerSecond, limit, line, step } of speed.rows) {
        const typical = median(tokensPerSecond);
        say(
          [
            `${size} ${type}, ${layers} layers: ${test} ${tokens}${depth > 0 ? ` after ${depth}` : ''}`,
            `${typical.toFixed(1)} tokens/s`,
            ...(limit ? [`${((100 * typical) / limit).toFixed(0)} % of the roofline`] : []),
            ...(line ? [`${((100 * typical) / line).toFixed(0)} % of the depth's line`] : []),
            ...(step
              ? [`${step.dispatches} dispatches, ${step.scriptMicroseconds.toFixed(0)} us of script`]
              : []),
          ].join(', '),
        );
      }
    }
  }
}

async function products(
  gpu: Gpu,
  limits: Roofline,
  { sizes, types }: DeviceSizes,
  rows: number,
  say: (what: string) => void,
): Promise<MatmulSpeed[]> {
  const all: MatmulSpeed[] = [];
  for (const size of sizes) {
    for (const { name, outputs, k } of matricesOf(SHAPES[size])) {
      for (const type of types) {
        const speed = await matmulSpeed(gpu, limits, { type, rows, outputs, k });
        all.push(speed);
        say(
          `${size} ${name} ${outputs}x${k} ${type}, ${rows} rows: ${(speed.seconds * 1e6).toFixed(1)} us, ` +
            `${(speed.weightBytesPerSecond / 1e9).toFixed(1)} GB/s, ${(speed.flopsPerSecond / 1e9).toFixed(0)} GFLOP/s, ` +
            shareText(speed.share),
        );
      }
    }
  }
  return all;
}

/** One row of decode over the depths that are asked for, in each type of the cache. */
async function rowsOverKeys(
  gpu: Gpu,
  limits: Roofline,
  { sizes, request }: DeviceSizes,
  say: (what: string) => void,
): Promise<AttentionSpeed[]> {
  const all: AttentionSpeed[] = [];
  for (const size of sizes) {
    for (const type of ['f16', 'q8', 'f32'] satisfies KvType[]) {
      for (const keys of request.depths.filter((depth) => depth > 0)) {
        const speed = await attentionSpeed(gpu, limits, { type, heads: SHAPES[size].heads, keys });
        all.push(speed);
        say(
          `${size} attention over ${keys} keys in ${type}: ${(speed.seconds * 1e6).toFixed(1)} us, ` +
            `${(speed.bytesPerSecond / 1e9).toFixed(1)} GB/s, ${shareText(speed.share)}`,
        );
      }
    }
  }
  return all;
}

function shareText(share: number): string {
  return `${share <= 1 ? (100 * share).toFixed(0) : '- (above it)'} % of the roofline`;
}

function rooflineText(limits: Roofline): string {
  return [
    `${(limits.bytesPerSecond / 1e9).toFixed(1)} GB/s copied`,
    `${(limits.flopsPerSecond / 1e9).toFixed(1)} GFLOP/s`,
    `${limits.dispatchMicroseconds.toFixed(2)} us a dispatch`,
    `${limits.readbackMilliseconds.toFixed(3)} ms to read back`,
  ].join(', ');
}
