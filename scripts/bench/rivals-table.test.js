import { describe, expect, it } from 'vitest';
import { rivalsTable } from './rivals-table.js';

function turn(loadMs, firstTokenMs) {
  const answer = { promptTokens: 128, firstTokenMs, restMs: 4000, text: ' a\nb' };
  return {
    loadMs,
    device: 'WebGPU, exact',
    contextLength: 512,
    notes: [],
    answers: [answer, { ...answer, firstTokenMs: firstTokenMs / 2 }],
    pageBytes: 100e6,
    pageAndGpuBytes: 300e6,
    idlePageBytes: 20e6,
    idlePageAndGpuBytes: 40e6,
    loadAverage: 1.5,
  };
}

const RESULT = {
  date: '2026-11-21',
  browser: 'Chromium 1',
  software: true,
  model: 'x.gguf',
  promptTokens: 128,
  wllamaWebGpu: { runs: false, log: ['load_tensors: CPU model buffer size = 92 MiB'] },
  engines: [
    {
      name: 'quern',
      version: '0.1.0',
      decodeTokens: 32,
      turns: [turn(1000, 8000), turn(3000, 2000), turn(2000, 4000)],
    },
    { name: 'wllama', version: '3.8.1', decodeTokens: 32, turns: [], failed: 'out of memory\n at x' },
    {
      name: 'transformers',
      version: '4.3.1',
      decodeTokens: 4,
      turns: [turn(9000, 18_000), turn(12_000, 18_000), turn(14_000, 16_000)],
    },
  ],
};

describe('rivalsTable', () => {
  const lines = rivalsTable(RESULT).split('\n');

  it('has the medians of all turns with least and most', () => {
    // load; first token; both of one turn; 128 tokens over half the cold time; 32 tokens in 4 s; memory.
    expect(lines.find((line) => line.startsWith('| Quern'))).toBe(
      '| Quern 0.1.0 | WebGPU, exact | 512 | 32 | 2 (1-3) | 4 (2-8) | 6 (5-9) | 64 (32-128) | 8 (8-8) | 100 (100-100) | 300 (300-300) |',
    );
  });

  it('counts the decode of each engine by the tokens that it wrote', () => {
    expect(lines.find((line) => line.startsWith('| Transformers.js'))).toContain(
      '| 4 | 12 (9-14) | 18 (16-18) |',
    );
    expect(lines.find((line) => line.startsWith('| Transformers.js'))).toContain('| 1 (1-1) | 100');
  });

  it('compares turn by turn: sooner, faster and smaller are above 1', () => {
    expect(lines.find((line) => line.startsWith('| Quern 0.1.0 to Transformers.js'))).toBe(
      // 27 s to 9, 30 to 5, 30 to 6; 9 s to 4 for half, 9 to 1, 8 to 2; 8 tokens/s to 1.
      '| Quern 0.1.0 to Transformers.js, WebGPU 4.3.1 | 5 (3-6) | 4 (2.25-9) | 8 (8-8) | 1 (1-1) | 1 (1-1) |',
    );
  });

  it('has no memory where none was measured, and the device that each says', () => {
    const { pageBytes: _, pageAndGpuBytes: __, ...bare } = turn(1000, 2000);
    const node = { ...RESULT, browser: undefined, node: 'v20', wllamaWebGpu: undefined };
    const text = rivalsTable({
      ...node,
      engines: [
        {
          name: 'llama-auto',
          version: '3',
          decodeTokens: 32,
          turns: [{ ...bare, device: 'CPU, 2 threads' }],
        },
      ],
    });
    expect(text).toContain('x.gguf, Node v20, 2026-11-21;');
    expect(text).toContain('| llama.cpp (node-llama-cpp) 3 | CPU, 2 threads | 512 | 32 |');
    expect(text).not.toContain('MB');
  });

  it('says what failed, where wllama computed, and what was written', () => {
    const text = lines.join('\n');
    expect(text).toContain('on SwiftShader');
    expect(text).toContain('the page has 20 (20-20) MB, with the GPU process 40 (40-40) MB.');
    expect(text).toContain('wllama, wasm 3.8.1 failed: out of memory\n');
    expect(text).toContain(
      "wllama's WebGPU does not run here: load_tensors: CPU model buffer size = 92 MiB.",
    );
    expect(text).toContain('Quern 0.1.0, 128 tokens: " a\\nb"');
  });
});
