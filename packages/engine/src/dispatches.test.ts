// How many dispatches a step of a dense layer takes, counted in plans that are recorded on a dry device.

import { readFileSync } from 'node:fs';
import { openGguf } from '@quern/formats';
import { memorySource } from '@quern/formats/testing';
import { dryGpu, UNKNOWN_ADAPTER } from '@quern/gpu';
import { chooseVariants } from '@quern/kernels';
import { findArchitecture } from '@quern/models';
import { GREEDY } from '@quern/spec';
import { expect, test } from 'vitest';
import { layOut } from './layout.ts';
import { stagesFor } from './sampling/stages.ts';

const MODEL = new URL('../../../e2e/conformance/arch-llama/model.gguf', import.meta.url);

/** Kernels of the first layer of a decode step over so many keys. */
async function layerOf(forced: Record<string, string>, keys: number): Promise<string[]> {
  const file = await openGguf([memorySource(new Uint8Array(readFileSync(MODEL)), 'model.gguf')]);
  const config = findArchitecture(file.architecture).config(file.metadata, file.architecture);
  const gpu = dryGpu(UNKNOWN_ADAPTER);
  const variants = { ...chooseVariants(gpu.caps, forced) };
  const { plans } = layOut({
    gpu,
    file,
    config,
    contextLength: keys,
    kv: 'f16',
    chunkRows: 32,
    variants,
    keepTaps: true,
  });
  const { dispatches } = await plans.decode(1, keys, stagesFor(GREEDY, false));
  const names = dispatches.map(({ kernel }) => kernel);
  const first = names.findIndex((name) => name.startsWith('embed')) + 1;
  // Each layer appends to its cache once, the same number of dispatches into it.
  const appends = names.flatMap((name, i) => (name.startsWith('rope-append') ? [i] : []));
  return names.slice(first, first + appends[1]! - appends[0]!);
}

const QKV_TO_MLP = [
  [
    'matmul-workgroup f16',
    'rope-append f16',
    'attention-tile f16',
    'attention-reduce',
    'matmul-workgroup f16',
  ],
  ['matmul-workgroup f16', 'matmul-workgroup f16'],
] as const;

test('seven in decode at depth, norms folded into the matmuls behind them', async () => {
  expect(await layerOf({ fold: 'on' }, 4096)).toEqual(QKV_TO_MLP.flat());
});

test('nine where norms stand apart', async () => {
  const apart = QKV_TO_MLP.flatMap((kernels) => ['rms-norm', ...kernels]);
  expect(await layerOf({ fold: 'off' }, 4096)).toEqual(apart);
});

test('a thread that owns whole results folds norms too', async () => {
  const layer = await layerOf({ fold: 'on', gemv: 'thread' }, 4096);
  expect(layer.filter((name) => name.startsWith('rms-norm'))).toEqual([]);
  expect(layer).toHaveLength(7);
});
