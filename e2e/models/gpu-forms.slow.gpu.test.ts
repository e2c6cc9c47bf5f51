// The kernels' forms for real GPUs, forced onto whatever adapter there is: tiles and workgroups through whole
// models, prefill and decode, where kernel tests have each alone.
import { openModel } from '@quern/engine/testing';
import { openDawn } from '@quern/gpu/node';
import { expect, test } from 'vitest';
import { caseSource, readCase } from './case.ts';
import { nmse } from './check-case.ts';

/** Steps that are decoded one by one. */
const DECODED = 6;

const CASES = [
  'arch-llama',
  'arch-deepseek3',
  'arch-llama4',
  'arch-olmo2',
  'arch-cohere',
  'arch-bloom',
  'arch-lfm2',
];

test.each(CASES)('%s', async (name) => {
  const { promptIds, greedyIds, steps, logits } = readCase(name);
  const variants = { attention: 'tile', gemv: 'workgroup', gemm: 'tile' };
  const model = await openModel({
    sources: [caseSource(name)],
    gpu: await openDawn(),
    kv: 'f32',
    variants,
  });
  try {
    const all = await model.prefillLogits([...promptIds, ...greedyIds.slice(0, -1)]);
    const prefilled = steps.map((step) => all[promptIds.length - 1 + step]!);
    expect(nmse(prefilled, logits), 'logits by prefill').toBeLessThanOrEqual(1e-5);
    const decoded = await model.decodeLogits(promptIds, greedyIds.slice(0, DECODED));
    const few = steps.filter((step) => step <= DECODED);
    const stepped = few.map((step) => decoded[step]!);
    expect(nmse(stepped, logits.slice(0, few.length)), 'logits by decode').toBeLessThanOrEqual(1e-5);
  } finally {
    await model.engine.unload();
  }
});
