// Reads command lines: node:util parses, this checks values and names the option that is wrong.

import { parseArgs, type ParseArgsConfig } from 'node:util';
import { type KvType, type Numerics, QuernError } from '@quern/spec';
import type { LoadRequest } from '../wire/host-api.ts';

type ArgumentOptions = NonNullable<ParseArgsConfig['options']>;

export type Values = Record<string, string | boolean | Array<string | boolean> | undefined>;

/** What every command that loads a model takes. */
export const MODEL_OPTIONS = {
  context: { type: 'string' },
  kv: { type: 'string' },
  numerics: { type: 'string' },
  variant: { type: 'string', multiple: true },
  json: { type: 'boolean' },
} as const satisfies ArgumentOptions;

export function wrong(message: string): never {
  throw new QuernError('invalid-request', message);
}

/** An option as it was given. */
export interface Given {
  name: string;
  value: string | undefined;
}

/**
 * One positional, the model; `given` has the options in the order in which they came. Throws 'invalid-request' for
 * anything unknown.
 */
export function parseCommand(
  args: string[],
  options: ArgumentOptions,
): { model: string; values: Values; given: Given[] } {
  const parsed = parseArguments(args, options);
  const [model, ...more] = parsed.positionals;
  if (model === undefined) wrong('Which model? Give a .gguf file, a folder, a hub id (owner/name) or a URL.');
  if (more.length > 0)
    wrong(`One model at a time; what is ${JSON.stringify(more[0])}? Quote text with spaces.`);
  return { model, values: parsed.values, given: parsed.given };
}

/** Any number of positionals. Throws 'invalid-request' for anything unknown. */
export function parseArguments(
  args: string[],
  options: ArgumentOptions,
): { positionals: string[]; values: Values; given: Given[] } {
  try {
    const joined = joinNegatives(args);
    const parsed: { values: Values; positionals: string[]; tokens: Array<{ kind: string }> } = parseArgs({
      args: joined,
      options,
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    const given = parsed.tokens.filter((token): token is Given & { kind: string } => token.kind === 'option');
    return { positionals: parsed.positionals, values: parsed.values, given };
  } catch (error) {
    wrong(error instanceof Error ? error.message : String(error));
  }
}

/** `--name -1` as `--name=-1`: a value that begins with a dash would be taken for an option. */
function joinNegatives(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = joined.at(-1);
    if (/^-[\d.]/.test(arg) && last !== undefined && /^--[^=]+$/.test(last))
      joined.push(`${joined.pop()}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function number(values: Values, name: string): number | undefined {
  const value = text(values, name);
  if (value === undefined) return undefined;
  const read = value.trim() === '' ? NaN : Number(value);
  if (!Number.isFinite(read)) wrong(`--${name} takes a number, not ${JSON.stringify(value)}.`);
  return read;
}

export function wholeNumber(values: Values, name: string, min: number): number | undefined {
  const value = number(values, name);
  if (value !== undefined && (!Number.isSafeInteger(value) || value < min)) {
    wrong(`--${name} takes a whole number from ${min}, not ${value}.`);
  }
  return value;
}

/** `1,2,3`. */
export function wholeNumbers(values: Values, name: string, min: number): number[] | undefined {
  const value = text(values, name);
  if (value === undefined) return undefined;
  return value.split(',').map((item) => {
    const read = item.trim() === '' ? NaN : Number(item);
    if (!Number.isSafeInteger(read) || read < min) {
      wrong(`--${name} takes whole numbers from ${min} with commas between, not ${JSON.stringify(value)}.`);
    }
    return read;
  });
}

const KV_TYPES: readonly string[] = ['f32', 'f16', 'q8'] satisfies KvType[];

export function kvType(values: Values): KvType | undefined {
  const value = text(values, 'kv');
  if (value !== undefined && !KV_TYPES.includes(value)) {
    wrong(`--kv takes ${KV_TYPES.join(', ')}, not ${JSON.stringify(value)}.`);
  }
  return value as KvType | undefined;
}

const NUMERICS: readonly string[] = ['exact', 'fast'] satisfies Numerics[];

function numerics(values: Values): Numerics | undefined {
  const value = text(values, 'numerics');
  if (value !== undefined && !NUMERICS.includes(value)) {
    wrong(`--numerics takes ${NUMERICS.join(' or ')}, not ${JSON.stringify(value)}.`);
  }
  return value as Numerics | undefined;
}

function variants(values: Values): Record<string, string> | undefined {
  const list = values['variant'];
  if (!Array.isArray(list)) return undefined;
  return Object.fromEntries(
    list.map((item) => {
      const [, axis, value] = /^([^=]+)=(.+)$/.exec(String(item)) ?? [];
      if (!axis || !value) wrong(`--variant takes axis=value, not ${JSON.stringify(item)}.`);
      return [axis, value];
    }),
  );
}

/** The hub's own environment variables name its token and a mirror. */
export function loadRequest(model: string, values: Values): LoadRequest {
  return {
    model,
    contextLength: wholeNumber(values, 'context', 1),
    kv: kvType(values),
    numerics: numerics(values),
    variants: variants(values),
    token: process.env['HF_TOKEN'] || undefined,
    hubBaseUrl: process.env['HF_ENDPOINT'] || undefined,
  };
}
