import { describe, expect, it } from 'vitest';
import { FAKE_INFO } from '../testing/fake-engine.ts';
import { benchRequest } from './bench-request.ts';

const software = FAKE_INFO.adapter;
const gpu = { ...software, software: false };

describe('benchRequest', () => {
  it('goes to 2,048 and 8,192 tokens on a GPU that has the context', () => {
    expect(benchRequest({ adapter: gpu, contextLength: 8256 })).toEqual({
      promptTokens: [32, 128, 512, 2048],
      decodeTokens: 64,
      depths: [0, 512, 2048, 8192],
      repetitions: 3,
    });
  });

  it('leaves out what the context does not hold', () => {
    const { promptTokens, depths } = benchRequest({ adapter: gpu, contextLength: 2048 });
    expect([promptTokens, depths]).toEqual([
      [32, 128, 512, 2048],
      [0, 512],
    ]);
    expect(benchRequest({ adapter: gpu, contextLength: 16 })).toMatchObject({
      promptTokens: [16],
      decodeTokens: 15,
      depths: [0],
    });
  });

  it('is short on a software adapter', () => {
    const { promptTokens, depths } = benchRequest({ adapter: software, contextLength: 8256 });
    expect([promptTokens, depths]).toEqual([[128, 512], [0]]);
  });

  it('keeps what is given, and makes the default depths fit it', () => {
    const long = { decodeTokens: 1700, promptTokens: [] };
    expect(benchRequest({ adapter: gpu, contextLength: 2048 }, long)).toEqual({
      ...long,
      depths: [0],
      repetitions: 3,
    });
    const { depths } = benchRequest({ adapter: gpu, contextLength: 64 }, { decodeTokens: 64 });
    expect(depths).toEqual([0]);
    expect(benchRequest({ adapter: gpu, contextLength: 64 }, { depths: [900] }).depths).toEqual([900]);
  });
});
