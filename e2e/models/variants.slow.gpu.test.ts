// Whole models in every exact variant that the adapter can run, in sets that have each pair of two axes' values once:
// prefill and decode, where kernel tests have each kernel alone.
import { openModel, variantSets } from '@quern/engine/testing';
import { adapterCaps } from '@quern/gpu';
import { openDawn } from '@quern/gpu/node';
import { describe, expect, test } from 'vitest';
import { caseSource, readCase } from './case.ts';
import { nmse } from './check-case.ts';

/** Steps that are decoded one by one. */
const DECODED = 6;

/** A dense model, experts, latent attention, windows with soft caps, packed weights. */
const EACH = ['arch-llama', 'arch-mixtral', 'arch-deepseek3', 'arch-gemma2', 'quant-q4_k'];
/** What has ops that those lack, in the forms of GPUs alone. */
const MORE = ['arch-llama4', 'arch-olmo2', 'arch-cohere', 'arch-bloom', 'arch-lfm2'];

const { sets, missing } = variantSets(await adapterCaps(await openDawn()));

async function check(name: string, variants: Record<string, string>): Promise<void> {
  const { promptIds, greedyIds, steps, logits } = readCase(name);
  const model = await openModel({
    sources: [caseSource(name)],
    gpu: await openDawn(),
    kv: 'f32',
    variants,
  });
  try {
    expect(model.engine.info().variants).toMatchObject(variants);
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
}

function words(set: Record<string, string>): string {
  return Object.entries(set)
    .map(([axis, value]) => `${axis}=${value}`)
    .join(' ');
}

describe.each(sets.map((set) => [words(set), set] as const))('%s', (_, set) => {
  test.each(EACH)('%s', (name) => check(name, set));
});

test.each(MORE)('forms for GPUs: %s', (name) =>
  check(name, { gemv: 'workgroup', gemm: 'tile', attention: 'tile', fold: 'on' }),
);

// Named, so that nobody takes a run on this adapter for one of all variants.
for (const what of missing) test.skip(`${what}, which this adapter has not`, () => undefined);
