// Transformers.js on onnxruntime-web, through the same measurements. Both packages are large: this
// file is imported only when somebody asks for them.
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  BaseStreamer,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  env,
  Tensor,
} from '@huggingface/transformers';
import loaderUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import type { BenchRow } from '../load/engine.ts';
import type { BenchSettings, RivalReport } from './report.ts';

/** English prose; how the tokens are spread does not change the work. */
const TEXT = 'The mill stood where the river turned, and the stones had not been lifted since the spring. ';

export interface RivalRequest {
  /** A hub id, or a URL under which a model's folder lies. */
  model: string;
  /** Weights: 'q4' is the file model_q4.onnx. */
  dtype: 'q4' | 'q4f16' | 'fp16' | 'fp32';
  settings: BenchSettings;
  signal: AbortSignal;
  onStep: (what: string) => void;
}

/** Throws Error: what could not be fetched, or what onnxruntime says. */
export async function measureRival(request: RivalRequest): Promise<RivalReport> {
  const { model: name, dtype, settings, signal, onStep } = request;
  const id = setSource(name);
  const started = performance.now();
  onStep(`Transformers.js: loading ${name} (${dtype})`);
  const progress_callback = (event: { status: string; file?: string; progress?: number }) => {
    if (event.status !== 'progress') return;
    onStep(`Transformers.js: ${event.file ?? ''} ${Math.round(event.progress ?? 0)} %`);
  };
  const tokenizer = await AutoTokenizer.from_pretrained(id, { progress_callback });
  const model = await AutoModelForCausalLM.from_pretrained(id, {
    device: 'webgpu',
    dtype,
    progress_callback,
  });
  const loadMs = performance.now() - started;
  const rows: BenchRow[] = [];
  try {
    for (const tokens of settings.promptTokens) {
      onStep(`Transformers.js: a prompt of ${tokens} tokens`);
      rows.push({ test: 'prefill', depth: 0, tokens, tokensPerSecond: [] });
      for (let i = 0; i < settings.repetitions; i++) {
        signal.throwIfAborted();
        const { prefillMs } = await run(model, tokenizer, tokens, 1);
        rows.at(-1)?.tokensPerSecond.push((tokens * 1000) / prefillMs);
      }
    }
    onStep(`Transformers.js: ${settings.decodeTokens} tokens`);
    const decode: BenchRow = { test: 'decode', depth: 0, tokens: settings.decodeTokens, tokensPerSecond: [] };
    rows.push(decode);
    for (let i = 0; i < settings.repetitions; i++) {
      signal.throwIfAborted();
      const { decodeMs } = await run(model, tokenizer, 1, settings.decodeTokens + 1);
      decode.tokensPerSecond.push((settings.decodeTokens * 1000) / decodeMs);
    }
  } finally {
    await model.dispose();
  }
  return { engine: 'Transformers.js (onnxruntime-web, WebGPU)', model: `${name} ${dtype}`, loadMs, rows };
}

/** Points the library at this origin's own wasm, and at the hub or a URL; gives the id to ask for. */
function setSource(name: string): string {
  env.useWasmCache = false; // it would import the loader from a blob
  env.allowLocalModels = false;
  const { wasm } = env.backends.onnx;
  if (wasm) {
    wasm.wasmPaths = {
      mjs: new URL(loaderUrl, location.href).href,
      wasm: new URL(wasmUrl, location.href).href,
    };
    wasm.numThreads = 1; // more would need cross-origin isolation
  }
  if (!/^(https?:)?\//.test(name)) {
    env.remoteHost = 'https://huggingface.co/';
    env.remotePathTemplate = '{model}/resolve/{revision}/';
    return name;
  }
  const url = new URL(name.replace(/\/*$/, ''), location.href);
  env.remoteHost = `${url.origin}/`;
  env.remotePathTemplate = '{model}/';
  return url.pathname.slice(1);
}

/** One generation of exactly `count` tokens after a prompt of exactly `length`. */
async function run(model: PreTrainedModel, tokenizer: PreTrainedTokenizer, length: number, count: number) {
  const ids = tokenizer.encode(TEXT.repeat(Math.ceil(length / 10) + 1)).slice(0, length);
  const shape = [1, ids.length];
  const clock = new Clock();
  const start = performance.now();
  await model.generate({
    inputs: new Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
    max_new_tokens: count,
    min_new_tokens: count,
    do_sample: false,
    streamer: clock,
    // The types of the library know some of these words only inside of a generation_config.
  } as unknown as Parameters<typeof model.generate>[0]);
  // The first call of the streamer brings the prompt back.
  const [, first = start, ...rest] = clock.times;
  return { prefillMs: first - start, decodeMs: (rest.at(-1) ?? first) - first };
}

class Clock extends BaseStreamer {
  readonly times: number[] = [];

  override put(): void {
    this.times.push(performance.now());
  }

  override end(): void {}
}
