import { describe, expect, it } from 'vitest';
import { rivalsTable } from './rivals-table.js';

function turn(loadMs, firstTokenMs) {
  const answer = { promptTokens: 128, firstTokenMs, restMs: 4000, text: ' a\nb' };
  return {
    loadMs,
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
  decodeTokens: 32,
  wllamaWebGpu: { runs: false, log: ['load_tensors: CPU model buffer size = 92 MiB'] },
  engines: [
    { name: 'quern', version: '0.1.0', turns: [turn(1000, 8000), turn(3000, 2000), turn(2000, 4000)] },
    { name: 'wllama', version: '3.8.1', turns: [], failed: 'out of memory\n at x' },
  ],
};

describe('rivalsTable', () => {
  const lines = rivalsTable(RESULT).split('\n');

  it('has the medians of all turns with least and most', () => {
    // load; first token; both of one turn; 128 tokens over half the cold time; 32 tokens in 4 s; memory.
    expect(lines.find((line) => line.startsWith('| Quern'))).toBe(
      '| Quern, WebGPU 0.1.0 | 2 (1-3) | 4 (2-8) | 6 (5-9) | 64 (32-128) | 8 (8-8) | 100 (100-100) | 300 (300-300) |',
    );
  });

  it('says what failed, where wllama computed, and what was written', () => {
    const text = lines.join('\n');
    expect(text).toContain('on SwiftShader');
    expect(text).toContain('the page has 20 (20-20) MB, with the GPU process 40 (40-40) MB.');
    expect(text).toContain('wllama, wasm, 2 threads failed: out of memory\n');
    expect(text).toContain(
      "wllama's WebGPU does not run here: load_tensors: CPU model buffer size = 92 MiB.",
    );
    expect(text).toContain('Quern, WebGPU, 128 tokens: " a\\nb"');
  });
});
