// `numerics: 'fast'`: what activations as bytes cost whole models. The variants are forced, as a software adapter
// would choose floats; so are the forms of GPUs, which alone take bytes.
import { openModel } from '@quern/engine/testing';
import { openDawn } from '@quern/gpu/node';
import { expect, test } from 'vitest';
import { caseSource, readCase } from './case.ts';
import { nmse } from './check-case.ts';

const INT8 = { gemv: 'workgroup', gemm: 'tile', gemvActivations: 'int8', gemmActivations: 'int8' };

/** Of logits. Tiny models with random weights average less than real ones; exact numerics reach 1e-5. */
const MOST_ERROR = 1e-3;
/** Steps that are decoded one by one. */
const DECODED = 4;

test.each(['quant-q4_0', 'quant-q4_k', 'quant-q6_k', 'quant-q8_0', 'quant-iq2_xs'])(
  '%s: logits',
  async (name) => {
    const { promptIds, greedyIds, steps, logits } = readCase(name);
    const model = await openModel({
      sources: [caseSource(name)],
      gpu: await openDawn(),
      kv: 'f32',
      variants: INT8,
    });
    try {
      expect(model.engine.info().numerics).toBe('fast');
      const all = await model.prefillLogits([...promptIds, ...greedyIds.slice(0, -1)]);
      const prefilled = nmse(
        steps.map((step) => all[promptIds.length - 1 + step]!),
        logits,
      );
      const decoded = await model.decodeLogits(promptIds, greedyIds.slice(0, DECODED));
      const few = steps.filter((step) => step <= DECODED);
      const stepped = nmse(
        few.map((step) => decoded[step]!),
        logits.slice(0, few.length),
      );
      console.log(
        `${name}: NMSE ${prefilled.toExponential(1)} by prefill, ${stepped.toExponential(1)} by decode`,
      );
      expect(prefilled, 'logits by prefill').toBeLessThanOrEqual(MOST_ERROR);
      expect(stepped, 'logits by decode').toBeLessThanOrEqual(MOST_ERROR);
      // That bytes were taken at all: exact numerics come a hundred times closer.
      expect(Math.min(prefilled, stepped)).toBeGreaterThan(1e-6);
    } finally {
      await model.engine.unload();
    }
  },
);
