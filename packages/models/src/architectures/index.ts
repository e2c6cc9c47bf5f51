// Every architecture, by the word that GGUF's general.architecture has for it.

import { QuernError } from '@quern/spec';
import type { Architecture } from '../architecture.ts';
import { ggufArchitecture } from './aliases.ts';
import { deepseek2 } from './deepseek2.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3 } from './gemma3.ts';
import { gptOss } from './gpt-oss.ts';
import { llama } from './llama.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen2moe } from './qwen2moe.ts';
import { qwen3 } from './qwen3.ts';
import { qwen3moe } from './qwen3moe.ts';

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  deepseek2,
  gemma2,
  gemma3,
  'gpt-oss': gptOss,
  llama,
  phi3,
  qwen2,
  qwen2moe,
  qwen3,
  qwen3moe,
};

/** Throws 'unsupported-architecture' naming what runs. */
export function findArchitecture(name: string): Architecture {
  const word = ggufArchitecture(name);
  const found = Object.hasOwn(ARCHITECTURES, word) ? ARCHITECTURES[word] : undefined;
  if (found) return found;
  throw new QuernError(
    'unsupported-architecture',
    `The file is of architecture '${name}', which Quern does not run yet. It runs: ${Object.keys(ARCHITECTURES).join(', ')}.`,
  );
}
