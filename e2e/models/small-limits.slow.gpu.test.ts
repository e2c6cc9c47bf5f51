// Adapters of which nobody knows how little they bind: weights, embeddings, heads and experts in many parts compute what
// they compute whole.
import { expect, test } from 'vitest';
import { loadEngine } from '@quern/engine';
import { caseFolder, caseSource } from './case.ts';
import { checkSmallLimits } from './check-small-limits.ts';
import { smallGpu } from './small-limits.ts';

const KIB = 1024;

test('dense: embeddings, head, attention and MLP', () =>
  checkSmallLimits('arch-llama', {
    binding: 25 * KIB,
    split: ['token_embd', 'output', 'blk.0.gate_up', 'blk.0.ffn_down'],
  }));

test('tied embeddings, windows', () =>
  checkSmallLimits('arch-gemma3', { binding: 33 * KIB, split: ['token_embd'], context: 96 }));

test('experts, between experts', () =>
  checkSmallLimits('arch-mixtral', {
    binding: 17 * KIB,
    split: ['token_embd', 'output', 'blk.0.experts.gate_up', 'blk.1.experts.down'],
  }));

test('latent attention, shared experts', () =>
  checkSmallLimits('arch-deepseek3', {
    binding: 17 * KIB,
    split: ['token_embd', 'output', 'blk.0.attn_q_b', 'blk.1.experts.gate_up'],
  }));

test('short convolutions', () =>
  checkSmallLimits('arch-lfm2moe', { binding: 17 * KIB, split: ['token_embd', 'blk.1.experts.gate_up'] }));

test('learned positions', () =>
  checkSmallLimits('arch-gpt2', { binding: 12 * KIB, split: ['token_embd', 'position_embd'] }));

test('blocks with scales', () =>
  checkSmallLimits('quant-moe-q4_k_m', { binding: 65 * KIB, split: ['token_embd', 'blk.0.experts.down'] }));

test('a packed folder, its inputs reordered', () =>
  checkSmallLimits('quant-gptq-actorder-4bit', {
    binding: 33 * KIB,
    split: ['token_embd'],
    sources: () => caseFolder('quant-gptq-actorder-4bit'),
  }));

test('a context that no layer binds is shortened; one that was asked for is refused before a weight is read', async () => {
  const limits = { maxStorageBufferBindingSize: 25 * KIB, maxBufferSize: 2 ** 20 };
  const load = async (contextLength?: number) => {
    const source = caseSource('arch-llama');
    const { gpu } = await smallGpu(limits);
    const options = { sources: [source], gpu, kv: 'f16' as const, ...(contextLength && { contextLength }) };
    return { source, engine: await loadEngine(options).catch((error: unknown) => error as Error) };
  };
  const { engine } = await load();
  if (engine instanceof Error) throw engine;
  // A page of a layer takes 6 KiB.
  expect(engine.info()).toMatchObject({ contextLength: 128, kv: 'f16' });
  await engine.unload();
  const refused = await load(129);
  expect(refused.engine).toMatchObject({
    code: 'out-of-memory',
    message: expect.stringContaining('128 tokens fit'),
  });
  const read = refused.source.reads.reduce((sum, { length }) => sum + length, 0);
  expect(read).toBeLessThan(refused.source.byteLength / 2);
});
