// Hugging Face folders as they are: BF16 weights, config.json, tokenizer.json, against Hugging Face's logits.

import { inspectModel, loadEngine } from '@quern/engine';
import { memorySource, type SafetensorsTensor, writeSafetensors } from '@quern/formats/testing';
import { openDawn } from '@quern/gpu/node';
import { type ByteSource, GREEDY, type InferenceEngine, type Prompt } from '@quern/spec';
import { describe, expect, test } from 'vitest';
import { caseFolder, caseSource } from './case.ts';
import { checkCase } from './check-case.ts';

// arch-gemma3 has norms stored less one.
test.each(['arch-llama', 'arch-gemma3'])('%s', (name) => checkCase(name, 'f32', caseFolder(name)));

test('shards with an index, in any order', async () => {
  const [weights, ...others] = await split(caseFolder('arch-llama'));
  await checkCase('arch-llama', 'f32', [...others.toReversed(), weights!]);
});

test('a shard too few is named', async () => {
  const shards = await split(caseFolder('arch-llama'));
  const sources = shards.filter(({ name }) => !name.includes('00002-of'));
  await expect(loadEngine({ sources, gpu: await openDawn() })).rejects.toMatchObject({
    code: 'invalid-request',
    message: expect.stringContaining('model-00002-of-00002.safetensors'),
  });
});

describe('text', () => {
  const TEXT = 'It was the best of times, 1859; caf\u00e9 \u{1f600}!';

  test('tokens are those of the GGUF; names and types are the folder\u2019s', async () => {
    const [folder, gguf] = [await load(caseFolder('arch-llama')), await load([caseSource('arch-llama')])];
    expect(await promptIds(folder, { kind: 'text', text: TEXT })).toEqual(
      await promptIds(gguf, { kind: 'text', text: TEXT }),
    );
    expect(folder.info()).toMatchObject({ architecture: 'llama', hasChatTemplate: false });
    expect(Object.keys(folder.info().tensorTypes)).toEqual(['bf16']);
    await Promise.all([folder.unload(), gguf.unload()]);
  });

  test('chat_template.jinja is used, and the ids of generation_config.json end generation', async () => {
    const template = '{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}';
    // Whatever comes third by greedy choice shall end the answer.
    const plain = await load([...caseFolder('arch-llama'), text('chat_template.jinja', template)]);
    const prompt: Prompt = { kind: 'chat', messages: [{ role: 'user', content: 'once' }] };
    const bos = await promptIds(plain, { kind: 'text', text: '<user>once' });
    expect(await promptIds(plain, prompt)).toEqual(bos);
    const ids = await generate(plain, prompt);
    await plain.unload();
    const third = ids.indexOf(ids[2]!);
    const ending = text('generation_config.json', JSON.stringify({ eos_token_id: [2, ids[2]] }));
    const ended = await load([...caseFolder('arch-llama'), text('chat_template.jinja', template), ending]);
    expect(await generate(ended, prompt)).toEqual(ids.slice(0, third + 1));
    await ended.unload();
  });
});

test('inspect tells of a folder what it tells of a GGUF', async () => {
  const report = await inspectModel({ sources: caseFolder('arch-gemma3') });
  expect(report.plan).toMatchObject({ format: 'safetensors', architecture: 'gemma3_text', problems: [] });
  const gguf = await inspectModel({ sources: [caseSource('arch-gemma3')] });
  const { weightBytes, ...memory } = report.plan.memory;
  expect(gguf.plan.memory).toMatchObject(memory);
  expect(weightBytes).toBeGreaterThan(0);
  expect(report.plan.parameters).toBe(gguf.plan.parameters);
});

async function load(sources: ByteSource[]): Promise<InferenceEngine> {
  return loadEngine({ sources, gpu: await openDawn(), contextLength: 128 });
}

function text(name: string, content: string): ByteSource {
  return memorySource(new TextEncoder().encode(content), name);
}

function request(prompt: Prompt, maxTokens: number) {
  return { prompt, sampling: GREEDY, maxTokens, stop: [], ignoreEos: false };
}

async function promptIds(engine: InferenceEngine, prompt: Prompt): Promise<number[]> {
  for await (const part of engine.generate(request(prompt, 1))) {
    if (part.type === 'prompt-start') return part.promptIds;
  }
  throw new Error('no prompt-start');
}

async function generate(engine: InferenceEngine, prompt: Prompt): Promise<number[]> {
  const ids: number[] = [];
  for await (const part of engine.generate(request(prompt, 6))) {
    if (part.type === 'text-delta') ids.push(...part.ids);
  }
  return ids;
}

/** The same folder with its weights in two files and an index. */
async function split(folder: ByteSource[]): Promise<ByteSource[]> {
  const whole = folder.find(({ name }) => name === 'model.safetensors')!;
  const bytes = await whole.read(0, whole.byteLength);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> =
    JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]): SafetensorsTensor => {
        return { name, dtype, shape, bytes: bytes.subarray(8 + length + begin, 8 + length + end) };
      },
    );
  const shards = [0, 1].map((part) => tensors.filter((_, i) => i % 2 === part));
  const files = shards.map((list, i) =>
    memorySource(writeSafetensors(list), `model-0000${i + 1}-of-00002.safetensors`),
  );
  const map = shards.flatMap((list, i) => list.map(({ name }) => [name, files[i]!.name]));
  const index = text('model.safetensors.index.json', JSON.stringify({ weight_map: Object.fromEntries(map) }));
  return [...files, index, ...folder.filter((source) => source !== whole)];
}
