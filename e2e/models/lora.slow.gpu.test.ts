// LoRA adapters over loaded models, against Hugging Face's logits with the same adapter at the same scale; loaded,
// chosen and unloaded at run time, with no trace in the base.

import { readFileSync } from 'node:fs';
import { openAdapter } from '@quern/formats';
import { type GgufContents, type GgufTensor, memorySource, writeGguf } from '@quern/formats/testing';
import { openModel, type OpenModel } from '@quern/engine/testing';
import { openDawn } from '@quern/gpu/node';
import { type ByteSource, GREEDY, type LoraChoice, type StreamPart } from '@quern/spec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { caseFolder, caseSource } from './case.ts';
import { nmse } from './check-case.ts';

interface Run {
  scale: number;
  greedy_ids: number[];
  min_top1_margin: number;
  logits_row: number;
}

function readLora(name: string) {
  const at = (file: string) => new URL(`../conformance/${name}/${file}`, import.meta.url);
  const expected: { base: string; prompt_ids_base: number[]; runs: Run[]; logits: { shape: number[] } } =
    JSON.parse(readFileSync(at('expected.json'), 'utf8'));
  const all = new Float32Array(new Uint8Array(readFileSync(at('logits.bin'))).buffer);
  const columns = all.length / expected.runs.length;
  return {
    base: expected.base,
    prompt: expected.prompt_ids_base,
    runs: expected.runs.map((run) => ({
      ...run,
      logits: all.slice(run.logits_row * columns, (run.logits_row + 1) * columns),
    })),
    files: () => caseFolder(name),
  };
}

const LLAMA = readLora('lora-llama-qv');
const QWEN = readLora('lora-qwen3-all');

/** The adapter as llama.cpp's converter writes it: the rows of Q so that the pairs of RoPE stand side by side. */
async function asGguf(files: ByteSource[], heads: number, permuted: boolean): Promise<ByteSource[]> {
  const adapter = await openAdapter(files);
  const tensors: GgufTensor[] = [];
  for (const [weight, { a, b, scale }] of adapter.weights) {
    const [, layer, module] = /layers\.(\d+)\.self_attn\.([qv])_proj/.exec(weight)!;
    for (const [half, info] of [
      ['a', a],
      ['b', b],
    ] as const) {
      let bytes = await adapter.sources[0]!.read(info.offset, info.byteLength);
      if (half === 'b' && module === 'q' && permuted) bytes = paired(bytes, info.shape[0]!, heads);
      // Alpha is written as the rank times the scale.
      expect(scale * a.shape[0]!).toBe(8);
      tensors.push({
        name: `blk.${layer}.attn_${module}.weight.lora_${half}`,
        type: 'f32',
        shape: info.shape,
        bytes,
      });
    }
  }
  const metadata: GgufContents['metadata'] = {
    'general.type': ['string', 'adapter'],
    'adapter.type': ['string', 'lora'],
    'adapter.lora.alpha': ['f32', 8],
  };
  return [memorySource(writeGguf({ metadata, tensors }), 'adapter.gguf')];
}

/** Row (half p, pair i) of each head becomes row 2 i + p. */
function paired(bytes: Uint8Array, rows: number, heads: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const rowBytes = bytes.length / rows;
  const size = rows / heads;
  for (let head = 0; head < heads; head++) {
    for (let p = 0; p < 2; p++) {
      for (let i = 0; i < size / 2; i++) {
        const source = head * size + p * (size / 2) + i;
        const target = head * size + 2 * i + p;
        out.set(bytes.subarray(source * rowBytes, (source + 1) * rowBytes), target * rowBytes);
      }
    }
  }
  return out;
}

describe.each([
  ['GGUF', () => [caseSource(LLAMA.base)]],
  ['folder', () => caseFolder(LLAMA.base)],
])('llama from a %s', (_, sources) => {
  let model: OpenModel;
  beforeAll(async () => {
    model = await openModel({ sources: sources(), gpu: await openDawn(), kv: 'f32', contextLength: 256 });
    await model.engine.loadAdapter('peft', LLAMA.files());
    await model.engine.loadAdapter('gguf', await asGguf(LLAMA.files(), 4, true));
  });
  afterAll(() => model?.engine.unload());

  test.each(LLAMA.runs)('PEFT at $scale, by prefill and by decode', (run) =>
    checkLogits(model, LLAMA.prompt, run, [{ id: 'peft', scale: run.scale }]),
  );

  test('the same as a GGUF', async () => {
    const run = LLAMA.runs.find(({ scale }) => scale === 1)!;
    await checkLogits(model, LLAMA.prompt, run, [{ id: 'gguf', scale: 1 }]);
  });

  test('two add up', async () => {
    const run = LLAMA.runs.find(({ scale }) => scale === 1)!;
    const both = [
      { id: 'gguf', scale: 1.5 },
      { id: 'peft', scale: -0.5 },
    ];
    await checkLogits(model, LLAMA.prompt, run, both);
  });
});

describe('qwen3, every projection, rsLoRA', () => {
  let model: OpenModel;
  beforeAll(async () => {
    const sources = [caseSource(QWEN.base)];
    model = await openModel({ sources, gpu: await openDawn(), kv: 'f32', contextLength: 256 });
  });
  afterAll(() => model?.engine.unload());

  test('what it adds to, and what it takes', async () => {
    const before = model.engine.info();
    const info = await model.engine.loadAdapter('all', QWEN.files());
    expect(info).toMatchObject({ id: 'all', rank: 8, weights: 21 });
    expect(model.engine.info().adapters).toEqual([info]);
    expect(model.engine.info().memory.weightBytes).toBe(before.memory.weightBytes + info.bytes);
  });

  test.each(QWEN.runs)('at $scale, by prefill and by decode', (run) =>
    checkLogits(model, QWEN.prompt, run, [{ id: 'all', scale: run.scale }]),
  );

  test('requests choose; what is cached of one choice serves no other', async () => {
    const plain = QWEN.runs.find(({ scale }) => scale === 0)!;
    for (const run of [...QWEN.runs, plain, ...QWEN.runs.toReversed()]) {
      const adapters = [{ id: 'all', scale: run.scale }];
      const { ids } = await generate(model, { adapters });
      expect(ids.slice(0, 1), `at ${run.scale}`).toEqual(run.greedy_ids.slice(0, 1));
      if (run.min_top1_margin > 0.01) expect(ids, `at ${run.scale}`).toEqual(run.greedy_ids.slice(0, 6));
    }
    // The last one asked for scale 0, which is the base: its keys serve the base and nobody else.
    expect((await generate(model, {})).cachedTokens).toBeGreaterThan(0);
    expect((await generate(model, { adapters: [{ id: 'all', scale: 0.25 }] })).cachedTokens).toBe(0);
  });

  test('unloaded it is gone, and the base is as it was', async () => {
    await expect(model.engine.loadAdapter('all', QWEN.files())).rejects.toMatchObject({
      code: 'invalid-request',
    });
    await model.engine.unloadAdapter('all');
    expect(model.engine.info().adapters).toEqual([]);
    await expect(generate(model, { adapters: [{ id: 'all', scale: 1 }] })).rejects.toMatchObject({
      code: 'not-found',
      message: "No adapter 'all' is loaded; loaded: none.",
    });
    const plain = QWEN.runs.find(({ scale }) => scale === 0)!;
    expect((await generate(model, {})).ids).toEqual(plain.greedy_ids.slice(0, 6));
    await expect(model.engine.unloadAdapter('all')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('an adapter of another model is refused by name, and leaves nothing', async () => {
    const { memory } = model.engine.info();
    await expect(model.engine.loadAdapter('llama', LLAMA.files())).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining("'model.layers.0.self_attn.q_proj.weight', which is 192 x 64"),
    });
    await expect(
      model.engine.loadAdapter('gguf', await asGguf(LLAMA.files(), 4, true)),
    ).rejects.toMatchObject({ message: "The adapter is for 'llama', the loaded model is 'qwen3'." });
    expect(model.engine.info().memory.weightBytes).toBe(memory.weightBytes);
  });
});

/** After the prompt in chunks, and with its last token decoded. */
async function checkLogits(
  model: OpenModel,
  prompt: number[],
  { logits }: { logits: Float32Array },
  adapters: LoraChoice[],
): Promise<void> {
  model.adapt(adapters);
  try {
    const prefilled = (await model.prefillLogits(prompt)).at(-1)!;
    expect(nmse([prefilled], [logits]), 'by prefill').toBeLessThanOrEqual(1e-5);
    const [, decoded] = await model.decodeLogits(prompt.slice(0, -1), prompt.slice(-1));
    expect(nmse([decoded!], [logits]), 'by decode').toBeLessThanOrEqual(1e-5);
  } finally {
    model.adapt([]);
  }
}

async function generate({ engine }: OpenModel, { adapters }: { adapters?: LoraChoice[] }) {
  const ids: number[] = [];
  let finish: Extract<StreamPart, { type: 'finish' }> | undefined;
  const request = {
    prompt: { kind: 'ids' as const, ids: QWEN.prompt },
    sampling: GREEDY,
    maxTokens: 6,
    stop: [],
    ignoreEos: true,
    ...(adapters && { adapters }),
  };
  for await (const part of engine.generate(request)) {
    if (part.type === 'text-delta') ids.push(...part.ids);
    if (part.type === 'finish') finish = part;
  }
  return { ids, cachedTokens: finish!.usage.cachedTokens };
}
