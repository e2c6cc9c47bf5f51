// A model's own chat template, rendered as Hugging Face transformers does (trim_blocks, lstrip_blocks,
// raise_exception, strftime_now) by @huggingface/jinja, with limits on what an untrusted template may use.

import { QuernError, type ChatMessage } from '@quern/spec';
// Not its Template, which brings a formatter of templates too.
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';

import { formatTime } from './strftime.ts';

export interface TemplateTokens {
  bosToken?: string;
  eosToken?: string;
  unkToken?: string;
  padToken?: string;
}

export interface RenderOptions {
  /** End with the opening of the assistant's turn. */
  addGenerationPrompt: boolean;
  /** JSON-schema functions, in OpenAI's shape. */
  tools?: readonly unknown[];
  /** More variables that a template may ask for, e.g. `enable_thinking`. */
  extra?: Readonly<Record<string, unknown>>;
}

export interface ChatTemplate {
  /** Throws QuernError 'template-error' with the template's own words. */
  render(messages: readonly ChatMessage[], options: RenderOptions): string;
}

const MAX_SOURCE = 1 << 20;
const MAX_TEXT = 16 << 20;
const MAX_LIST = 1 << 20;
/** Nodes evaluated in one rendering: a second or so; an ordinary template takes tens for a message. */
const MAX_STEPS = 1_000_000;
/** Characters of all strings made on the way. */
const MAX_WORK = 256 << 20;

/** Throws QuernError 'template-error' when the source is too long or cannot be parsed. */
export function createChatTemplate(source: string, tokens: TemplateTokens): ChatTemplate {
  if (source.length > MAX_SOURCE) {
    throw new QuernError(
      'template-error',
      `the chat template has ${source.length} characters; ${MAX_SOURCE} are the most`,
    );
  }
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  } catch (error) {
    throw templateError('the chat template cannot be parsed', error);
  }
  return {
    render(messages, { addGenerationPrompt, tools, extra }) {
      try {
        // Names of the globals may be used again by variables, so these live one scope further in.
        const variables = new Environment(globals());
        const values: Record<string, unknown> = {
          bos_token: tokens.bosToken,
          eos_token: tokens.eosToken,
          unk_token: tokens.unkToken,
          pad_token: tokens.padToken,
          // transformers passes None, and templates tell "not defined" from none.
          tools: tools ?? null,
          documents: null,
          ...extra,
          messages,
          add_generation_prompt: addGenerationPrompt,
        };
        for (const [name, value] of Object.entries(values)) {
          if (value !== undefined) variables.set(name, value);
        }
        const text: unknown = new LimitedInterpreter(variables).run(parsed).value;
        if (typeof text !== 'string') throw new TypeError('the template gave no text');
        return text;
      } catch (error) {
        throw templateError('the chat template failed', error);
      }
    },
  };
}

class LimitedInterpreter extends Interpreter {
  #steps = 0;
  #work = 0;

  override evaluate(...args: Parameters<Interpreter['evaluate']>): ReturnType<Interpreter['evaluate']> {
    if (++this.#steps > MAX_STEPS) throw new RangeError(`stopped after ${MAX_STEPS} steps; does it loop?`);
    const result = super.evaluate(...args);
    const value: unknown = result.value;
    if (typeof value === 'string') {
      this.#work += value.length;
      if (value.length > MAX_TEXT || this.#work > MAX_WORK) {
        throw new RangeError(`its text grows past ${MAX_TEXT} characters`);
      }
    } else if (Array.isArray(value) && value.length > MAX_LIST) {
      throw new RangeError(`a list grows past ${MAX_LIST} entries`);
    }
    return result;
  }
}

function globals(): Environment {
  const environment = new Environment();
  for (const [name, value] of [
    ['true', true],
    ['True', true],
    ['false', false],
    ['False', false],
    ['none', null],
    ['None', null],
    ['range', range],
    ['strftime_now', (format: unknown) => formatTime(new Date(), String(format))],
    [
      'raise_exception',
      (words: unknown) => {
        throw new Error(String(words));
      },
    ],
  ] as const) {
    environment.set(name, value);
  }
  return environment;
}

/** Python's range, up to MAX_LIST numbers. */
function range(first: unknown, second?: unknown, third?: unknown): number[] {
  const single = typeof second !== 'number';
  const start = single ? 0 : Number(first);
  const stop = single ? Number(first) : second;
  const step = typeof third === 'number' ? third : 1;
  if (step === 0) throw new RangeError('range() step must not be zero');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= MAX_LIST)) throw new RangeError(`range() of ${length} numbers`);
  return Array.from({ length }, (_, i) => start + i * step);
}

function templateError(what: string, error: unknown): QuernError {
  const words = error instanceof Error ? error.message : String(error);
  return new QuernError('template-error', `${what}: ${words}`, { cause: error });
}
