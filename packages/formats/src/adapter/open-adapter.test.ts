// LoRA adapters: what is read of them, and what broken and other ones get.

import type { ByteSource } from '@quern/spec';
import { describe, expect, test } from 'vitest';
import { type GgufContents, writeGguf } from '../testing/gguf-writer.ts';
import { memorySource } from '../testing/memory-source.ts';
import { type SafetensorsTensor, writeSafetensors } from '../testing/safetensors-writer.ts';
import { openAdapter } from './open-adapter.ts';

const CONFIG = { peft_type: 'LORA', r: 4, lora_alpha: 6 };
const MODULE = 'base_model.model.model.layers.0.self_attn.q_proj';

function tensor(name: string, shape: number[], dtype = 'F32'): SafetensorsTensor {
  const bytes = shape.reduce((product, n) => product * n, 1) * (dtype === 'F32' ? 4 : 2);
  return { name, dtype, shape, bytes: new Uint8Array(bytes) };
}
const PAIR = [tensor(`${MODULE}.lora_A.weight`, [4, 16]), tensor(`${MODULE}.lora_B.weight`, [8, 4])];

function peft(config: object, tensors: SafetensorsTensor[] = PAIR): ByteSource[] {
  return [
    memorySource(new TextEncoder().encode(JSON.stringify(config)), 'adapter_config.json'),
    memorySource(writeSafetensors(tensors), 'adapter_model.safetensors'),
  ];
}

const scaleOf = async (config: object) =>
  (await openAdapter(peft(config))).weights.get('model.layers.0.self_attn.q_proj.weight')!.scale;

describe('PEFT', () => {
  test('pairs by the weight they add to; alpha over the rank or its root', async () => {
    const file = await openAdapter(peft(CONFIG));
    expect(file).toMatchObject({ format: 'peft' });
    expect([...file.weights.keys()]).toEqual(['model.layers.0.self_attn.q_proj.weight']);
    expect(await scaleOf(CONFIG)).toBe(1.5);
    expect(await scaleOf({ ...CONFIG, use_rslora: true })).toBe(3);
    expect(await scaleOf({ ...CONFIG, alpha_pattern: { q_proj: 8, v_proj: 1 } })).toBe(2);
    expect(await scaleOf({ ...CONFIG, alpha_pattern: { 'layers.1.self_attn.q_proj': 8 } })).toBe(1.5);
    // The rank is the tensors', not the config's: rank_pattern needs no reading.
    expect(await scaleOf({ ...CONFIG, r: 64 })).toBe(1.5);
  });

  test.each<[string, ByteSource[], string]>([
    ['another kind', peft({ peft_type: 'IA3' }), 'is of the kind IA3'],
    ['DoRA', peft({ ...CONFIG, use_dora: true }), 'is DoRA'],
    ['biases', peft({ ...CONFIG, bias: 'all' }), 'trains biases'],
    ['whole modules', peft({ ...CONFIG, modules_to_save: ['lm_head'] }), 'replaces whole modules'],
    ['expressions', peft({ ...CONFIG, alpha_pattern: { '(a+)+$': 1 } }), "alpha_pattern '(a+)+$'"],
    [
      'an embedding',
      peft(CONFIG, [...PAIR, tensor('base_model.model.model.embed_tokens.lora_embedding_A', [4, 9])]),
      'lora_embedding_A',
    ],
    ['half a pair', peft(CONFIG, PAIR.slice(0, 1)), 'lacks its B'],
    [
      'ranks that differ',
      peft(CONFIG, [PAIR[0]!, tensor(PAIR[1]!.name, [8, 3])]),
      'an A of 4 x 16 and a B of 8 x 3',
    ],
    ['an odd type', peft(CONFIG, [PAIR[0]!, tensor(PAIR[1]!.name, [8, 4], 'I16')]), 'is I16'],
    ['nothing', peft(CONFIG, []), 'has no LoRA tensors'],
    ['no config', peft(CONFIG).slice(1), 'an adapter is adapter_config.json and'],
  ])('%s', async (_, files, message) => {
    await expect(openAdapter(files)).rejects.toThrow(message);
  });
});

describe('GGUF', () => {
  const gguf = (metadata: GgufContents['metadata'], names = ['a', 'b']) => [
    memorySource(
      writeGguf({
        metadata,
        tensors: names.map((half) => ({
          name: half.length > 1 ? half : `blk.0.attn_q.weight.lora_${half}`,
          type: 'f32',
          shape: half === 'b' ? [8, 4] : [4, 16],
        })),
      }),
      'adapter.gguf',
    ),
  ];
  const adapter = {
    'general.type': ['string', 'adapter'],
    'adapter.type': ['string', 'lora'],
    'adapter.lora.alpha': ['f32', 6],
  } as const;

  test('the same as llama.cpp writes it', async () => {
    const file = await openAdapter(gguf(adapter));
    expect(file).toMatchObject({ format: 'gguf', architecture: 'llama' });
    expect(file.weights.get('blk.0.attn_q.weight')).toMatchObject({
      scale: 1.5,
      a: { shape: [4, 16] },
      b: { shape: [8, 4] },
    });
  });

  test('what is none', async () => {
    await expect(openAdapter(gguf({}))).rejects.toThrow(
      "is a 'model' (adapter.type: 'none'), not a LoRA adapter",
    );
    const embedding = gguf(adapter, ['token_embd.weight.lora_a', 'token_embd.weight.lora_b']);
    await expect(openAdapter(embedding)).rejects.toThrow("a tensor 'token_embd.weight.lora_a'");
    await expect(openAdapter(gguf(adapter, ['a']))).rejects.toThrow("'blk.0.attn_q.weight' lacks its B");
  });
});
