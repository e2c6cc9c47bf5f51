// `quern run`: generates from a prompt.

import type { GenerateRequest, StreamPart, Timings, TokenInfo } from '@quern/spec';
import { QuernError } from '@quern/spec';
import { readChatRequest } from '../openai/chat-request.ts';
import { readCompletionRequest } from '../openai/completion-request.ts';
import {
  loadRequest,
  MODEL_OPTIONS,
  number,
  parseCommand,
  text,
  type Values,
  wholeNumber,
  wholeNumbers,
  wrong,
} from './arguments.ts';
import { loadLoras, LORA_OPTIONS, readLoras } from './loras.ts';
import { withModel } from './loaded.ts';
import type { Command } from './tools.ts';
import { perSecond } from './words.ts';

const DEFAULT_MAX_TOKENS = 256;

export const run: Command = {
  usage: `quern run <model> (--prompt TEXT | --chat TEXT | --ids 1,2,3) [options]

  --prompt TEXT       continues the text; BOS is added where the model says so
  --chat TEXT         asks through the model's chat template
  --ids 1,2,3         token ids, used exactly
  --max-tokens N      default ${DEFAULT_MAX_TOKENS}
  --temperature T     default 0, greedy; ties go to the lower id
  --seed S            default random
  --top-logprobs K    0 to 20 most likely tokens per position, with --json
  --ignore-eos        goes on past end-of-sequence tokens
  --lora DIR          adds a LoRA adapter (a PEFT folder or a GGUF); may be repeated
  --lora-scale S      scales the adapter before it; default 1
  --context N         tokens; default min(trained, 4096, what fits)
  --kv f32|f16|q8     how keys and values are kept; default f16
  --numerics exact|fast  fast: activations as bytes where the adapter gains by it; default exact
  --variant axis=value  forces a kernel variant; may be repeated
  --json              one object on stdout and nothing else`,

  async run(args, tools) {
    const { model, values, given } = parseCommand(args, {
      ...MODEL_OPTIONS,
      ...LORA_OPTIONS,
      prompt: { type: 'string' },
      chat: { type: 'string' },
      ids: { type: 'string' },
      'max-tokens': { type: 'string' },
      temperature: { type: 'string' },
      seed: { type: 'string' },
      'top-logprobs': { type: 'string' },
      'ignore-eos': { type: 'boolean' },
    });
    const loras = readLoras(given);
    const request = { ...readRequest(values), adapters: loras };
    const load = loadRequest(model, values);
    await withModel(load, tools, async (engine, info) => {
      await loadLoras(engine, loras, load, tools);
      const json = values['json'] === true;
      const answer = await collect(engine.generate(request, tools.signal), (piece) => {
        if (!json) tools.out(piece);
      });
      const timings = summary(answer.timings, info.timings.loadMs);
      if (!json) {
        tools.out('\n');
        tools.err(
          `${answer.ids.length} tokens; first after ${Math.round(timings.ttft_ms)} ms; ` +
            `prefill ${timings.prefill_tps.toFixed(1)}, decode ${timings.decode_tps.toFixed(1)} tokens/s\n`,
        );
        return;
      }
      const result = {
        model: info.model,
        arch: info.architecture,
        prompt_ids: answer.promptIds,
        ids: answer.ids,
        text: answer.text,
        top_logprobs: answer.tokens.map(({ top }) => top.map(({ id, logprob }) => ({ id, logprob }))),
        timings,
        memory: info.memory,
        adapter: info.adapter,
        variants: info.variants,
        numerics: info.numerics,
      };
      tools.out(`${JSON.stringify(result)}\n`);
    });
  },
};

function readRequest(values: Values): GenerateRequest {
  const [prompt, chat, ids] = [text(values, 'prompt'), text(values, 'chat'), wholeNumbers(values, 'ids', 0)];
  if ([prompt, chat, ids].filter((given) => given !== undefined).length !== 1) {
    wrong('Give one of --prompt TEXT, --chat TEXT and --ids 1,2,3.');
  }
  const top = wholeNumber(values, 'top-logprobs', 0);
  const params = {
    max_tokens: wholeNumber(values, 'max-tokens', 1) ?? DEFAULT_MAX_TOKENS,
    temperature: number(values, 'temperature') ?? 0,
    seed: number(values, 'seed'),
    ignore_eos: values['ignore-eos'] === true,
  };
  if (chat === undefined)
    return readCompletionRequest({ ...params, prompt: prompt ?? ids, logprobs: top }).request;
  const messages = [{ role: 'user', content: chat }];
  return readChatRequest({ ...params, messages, logprobs: top !== undefined, top_logprobs: top }).request;
}

interface Collected {
  promptIds: number[];
  ids: number[];
  text: string;
  tokens: TokenInfo[];
  timings: Timings;
}

async function collect(parts: AsyncIterable<StreamPart>, onText: (text: string) => void): Promise<Collected> {
  const answer: Omit<Collected, 'timings'> = { promptIds: [], ids: [], text: '', tokens: [] };
  for await (const part of parts) {
    switch (part.type) {
      case 'prompt-start':
        answer.promptIds = part.promptIds;
        break;
      case 'text-delta':
        answer.ids.push(...part.ids);
        answer.tokens.push(...(part.tokens ?? []));
        answer.text += part.text;
        onText(part.text);
        break;
      case 'finish':
        return { ...answer, timings: part.timings };
      default:
        part satisfies never;
    }
  }
  throw new QuernError('internal', 'The engine ended the answer without saying why.');
}

function summary(timings: Timings, loadMs: number) {
  return {
    load_ms: loadMs,
    ttft_ms: timings.timeToFirstTokenMs,
    prefill_tps: perSecond(timings.prefillTokens, timings.prefillMs),
    decode_tps: perSecond(timings.decodeTokens, timings.decodeMs),
  };
}
