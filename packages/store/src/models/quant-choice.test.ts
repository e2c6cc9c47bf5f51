import { describe, expect, it } from 'vitest';
import { chooseModel, ggufModels, QUANT_ORDER, quantOf, quantWithin } from './quant-choice.ts';
import { allParts, parseSplitName } from './split-name.ts';

describe('quantOf', () => {
  it.each([
    ['Llama-3.2-1B-Instruct-Q4_K_M.gguf', 'Q4_K_M'],
    ['llama-2-7b.Q5_0.gguf', 'Q5_0'],
    ['smollm2-135m-instruct-q8_0.gguf', 'Q8_0'],
    ['gemma-2-2b-it-IQ4_XS.gguf', 'IQ4_XS'],
    ['Qwen3-8B-UD-Q4_K_XL.gguf', 'UD-Q4_K_XL'],
    ['model-fp16.gguf', 'F16'],
    ['model.BF16.gguf', 'BF16'],
    ['gpt-oss-20b-mxfp4.gguf', 'MXFP4'],
    ['Q4_K_M/big-model-00001-of-00003.gguf', 'Q4_K_M'],
    ['Q4_K_M/big-Q6_K-00001-of-00003.gguf', 'Q6_K'],
    ['TQ1_0.gguf', 'TQ1_0'],
    ['SmolLM2.gguf', undefined],
    ['Qwen2.5-7B.gguf', undefined],
  ])('%s', (path, quant) => {
    expect(quantOf(path)).toBe(quant);
  });
});

describe('split names', () => {
  it('gives all parts', () => {
    expect(allParts('a/m-00002-of-00003.gguf')).toEqual([
      'a/m-00001-of-00003.gguf',
      'a/m-00002-of-00003.gguf',
      'a/m-00003-of-00003.gguf',
    ]);
    expect(allParts('m.gguf')).toEqual(['m.gguf']);
  });

  it('refuses numbers that make no sense', () => {
    expect(parseSplitName('m-00004-of-00003.gguf')).toBeUndefined();
    expect(parseSplitName('m-00000-of-00003.gguf')).toBeUndefined();
    expect(parseSplitName('m-00001-of-99999.gguf')).toBeUndefined();
  });
});

describe('chooseModel', () => {
  const files = ['README.md', 'mmproj-F16.gguf', 'm-Q8_0.gguf', 'm-Q4_0.gguf', 'm-IQ2_S.gguf', 'm-F16.gguf'];

  it('takes the quantisation that is named, in any case', () => {
    expect(chooseModel(files, 'q8_0', 'x').paths).toEqual(['m-Q8_0.gguf']);
  });

  it('takes the best of the order when none is named', () => {
    expect(chooseModel(files, undefined, 'x').paths).toEqual(['m-Q4_0.gguf']);
    expect(chooseModel([...files, 'm-Q4_K_M.gguf'], undefined, 'x').paths).toEqual(['m-Q4_K_M.gguf']);
    expect(chooseModel(['m-IQ2_S.gguf', 'm-F16.gguf'], undefined, 'x').paths).toEqual(['m-F16.gguf']);
    expect(QUANT_ORDER.slice(0, 4)).toEqual(['Q4_K_M', 'Q4_0', 'Q4_1', 'Q8_0']);
    expect(new Set(QUANT_ORDER).size).toBe(QUANT_ORDER.length);
  });

  it('takes the only one, whatever its name', () => {
    expect(chooseModel(['a/model.gguf', 'x.txt'], undefined, 'x').paths).toEqual(['a/model.gguf']);
  });

  it('takes all parts of a split one, and none if a part is missing', () => {
    const parts = ['q/m-Q4_K_M-00001-of-00002.gguf', 'q/m-Q4_K_M-00002-of-00002.gguf'];
    expect(chooseModel(parts.toReversed(), undefined, 'x').paths).toEqual(parts);
    expect(ggufModels(parts.slice(0, 1))).toEqual([]);
  });

  it('says what there is', () => {
    expect(() => chooseModel(files, 'Q4_K_M', 'a/b@main')).toThrowError(
      'a/b@main has no Q4_K_M; there are: F16, IQ2_S, Q4_0, Q8_0',
    );
    expect(() => chooseModel(['a.txt'], undefined, 'a/b')).toThrowError(/no whole model in GGUF/);
    expect(() => chooseModel(['a-Q4_0.gguf', 'b-Q4_0.gguf'], undefined, 'a/b')).toThrowError(
      'several models that fit; name one: a-Q4_0.gguf, b-Q4_0.gguf',
    );
  });
});

describe('quantWithin', () => {
  const sizes: Record<string, number> = {
    'm-Q8_0.gguf': 80,
    'm-Q4_K_M.gguf': 50,
    'm-Q3_K_M.gguf': 40,
    'm-Q2_K-00001-of-00002.gguf': 20,
    'm-Q2_K-00002-of-00002.gguf': 10,
    'm-F16.gguf': 160,
  };
  const within = (maxBytes: number) =>
    quantWithin(ggufModels(Object.keys(sizes)), maxBytes, (path) => sizes[path] ?? 0);

  it('takes the best that fits, all parts counted', () => {
    expect(within(Infinity)).toEqual({ quant: 'Q4_K_M', bytes: 50 });
    expect(within(50)).toEqual({ quant: 'Q4_K_M', bytes: 50 });
    expect(within(49)).toEqual({ quant: 'Q3_K_M', bytes: 40 });
    expect(within(39)).toEqual({ quant: 'Q2_K', bytes: 30 });
  });

  it('takes the smallest where none fits, and none where none is told', () => {
    expect(within(29)).toEqual({ quant: 'Q2_K', bytes: 30 });
    expect(quantWithin(ggufModels(['a.gguf', 'b.gguf']), 5, () => 10)).toEqual({
      quant: undefined,
      bytes: 0,
    });
  });
});
