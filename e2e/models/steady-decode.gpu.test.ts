// While tokens are generated the device makes no buffer, bind group or pipeline: neither from step to step nor where the
// context outgrows the plan of its length.

import type { InferenceEngine } from '@quern/spec';
import { openDawn } from '@quern/gpu/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCase } from './case.ts';
import { ask, loadCase } from './requests.ts';

const { promptIds } = readCase('arch-llama');
/** The length at which the first plan ends: it doubles from there. */
const BUCKET = 256;
const MAKERS = [
  'createBuffer',
  'createBindGroup',
  'createComputePipeline',
  'createComputePipelineAsync',
] as const;

let engine: InferenceEngine;
let made = 0;
beforeAll(async () => {
  engine = await loadCase('arch-llama', { contextLength: 2 * BUCKET, gpu: counted(await openDawn()) });
});
afterAll(() => engine?.unload());

/** The same entry, whose device counts what it makes. */
function counted(entry: GPU): GPU {
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = await entry.requestAdapter(options);
    const request = adapter!.requestDevice.bind(adapter);
    adapter!.requestDevice = async (descriptor) => {
      const device = await request(descriptor);
      for (const name of MAKERS) {
        const make = device[name].bind(device) as (...args: unknown[]) => unknown;
        Object.assign(device, { [name]: (...args: unknown[]) => (made++, make(...args)) });
      }
      return device;
    };
    return adapter;
  };
  return { requestAdapter, wgslLanguageFeatures: entry.wgslLanguageFeatures } as GPU;
}

test('nothing is made from token to token, and what a longer context needs is there before it', async () => {
  expect(made).toBeGreaterThan(100); // it counts
  const tokens = BUCKET - promptIds.length + 40;
  /** What had been made when the token came that is at this position. */
  const madeBy: number[] = [];
  let position = promptIds.length;
  for await (const part of engine.generate(ask(promptIds, { maxTokens: tokens }))) {
    if (part.type === 'text-delta') madeBy[position++] = made;
  }
  const [first, last] = [promptIds.length, promptIds.length + tokens - 1];
  // Recording the next plan is the only time: in the last quarter of the first.
  const ahead = Math.floor(BUCKET * 0.75) - 4;
  expect(madeBy[ahead]! - madeBy[first]!).toBe(0);
  expect(madeBy[BUCKET - 8]! - madeBy[ahead]!).toBeGreaterThan(10);
  expect(madeBy[last]! - madeBy[BUCKET - 8]!).toBe(0);
});
