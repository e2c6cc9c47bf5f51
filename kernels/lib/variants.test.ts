import { UNKNOWN_ADAPTER } from '@quern/gpu';
import { describe, expect, test } from 'vitest';
import { AXIS_NAMES, chooseVariants, numericsOf, valuesOn } from './variants.ts';

const GPU = { ...UNKNOWN_ADAPTER, software: false, dot4: true };
const INT8 = { gemvActivations: 'int8', gemmActivations: 'int8' };

describe('numerics', () => {
  test("what is only fast is nobody's who did not ask", () => {
    const chosen = chooseVariants(GPU);
    expect(numericsOf({ ...chosen })).toBe('exact');
    for (const axis of AXIS_NAMES) {
      for (const value of valuesOn(GPU, axis)) {
        expect(numericsOf({ ...chosen, [axis]: value }), `${axis}=${value}`).toBe('exact');
      }
    }
  });
  test('fast takes activations as bytes where the adapter multiplies them', () => {
    const chosen = chooseVariants(GPU, {}, 'fast');
    expect(chosen).toMatchObject(INT8);
    expect(numericsOf({ ...chosen })).toBe('fast');
    expect(valuesOn(GPU, 'gemmActivations', 'fast')).toEqual(['f32', 'int8']);
    for (const caps of [
      { ...GPU, dot4: false },
      { ...GPU, software: true },
    ]) {
      expect(numericsOf({ ...chooseVariants(caps, {}, 'fast') })).toBe('exact');
    }
    expect(valuesOn({ ...GPU, dot4: false }, 'gemmActivations', 'fast')).toEqual(['f32']);
  });
  test('prefill and decode are forced apart, and only on adapters that can', () => {
    const chosen = chooseVariants(GPU, { gemmActivations: 'int8' });
    expect(chosen).toMatchObject({ gemvActivations: 'f32', gemmActivations: 'int8' });
    expect(numericsOf({ ...chosen })).toBe('fast');
    expect(chooseVariants(GPU, { gemvActivations: 'f32' }, 'fast')).toMatchObject({
      gemvActivations: 'f32',
      gemmActivations: 'int8',
    });
    // Threads multiply floats whatever was asked.
    const threads = { gemv: 'thread', gemm: 'thread', ...INT8 };
    expect(numericsOf({ ...chooseVariants(GPU, threads) })).toBe('exact');
    expect(() => chooseVariants({ ...GPU, dot4: false }, INT8)).toThrow(/gemvActivations=int8 needs/);
  });
});
