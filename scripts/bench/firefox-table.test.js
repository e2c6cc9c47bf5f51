import { expect, it } from 'vitest';
import { firefoxTable } from './firefox-table.js';

function round(prefill, decode, microseconds) {
  return {
    rows: [
      { test: 'prefill', tokensPerSecond: [prefill] },
      { test: 'decode', tokensPerSecond: [decode] },
    ],
    kernels: [
      { kernel: 'matmul', dispatches: 4, microseconds: microseconds * 0.75 },
      { kernel: 'norm', dispatches: 2, microseconds: microseconds * 0.25 },
    ],
  };
}

it('holds a written token against the sum of its kernels', () => {
  const text = firefoxTable({
    date: '2026-11-21',
    userAgent: 'Mozilla/5.0 (X11; rv:153.0) Gecko/20100101 Firefox/153.0',
    model: 'x.gguf',
    promptTokens: 128,
    decodeTokens: 32,
    loadAverage: 0.5,
    loadMs: 2500,
    text: ' Paris\n',
    info: {
      contextLength: 512,
      adapter: { description: '', vendor: '', software: true, features: ['shader-f16'] },
    },
    rounds: [round(30, 10, 80_000), round(20, 8, 100_000), round(25, 5, 60_000)],
  });
  const lines = text.split('\n');
  expect(lines[0]).toBe(
    'x.gguf, Firefox 153.0, an adapter without a name, software, shader-f16; 2026-11-21; context 512. ' +
      'Median of 3 rounds, least to most; load average 0.5.',
  );
  expect(lines).toContain('| load | 2.5 s |');
  expect(lines).toContain('| prefill of 128, tokens/s | 25 (20-30) |');
  expect(lines).toContain('| a written token, ms | 125 (100-200) |');
  expect(lines).toContain('| its kernels alone, ms | 80 (60-100) |');
  expect(lines).toContain('| the one over the other | 1.56 (2 at most) |');
  expect(lines).toContain('| matmul | 4 | 60 (45-75) |');
  expect(lines.at(-2)).toBe('After \'The capital of France is\': " Paris\\n"');
});
