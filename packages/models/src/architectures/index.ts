// Every architecture, by the word that GGUF's general.architecture has for it.

import { QuernError } from '@quern/spec';
import type { Architecture } from '../architecture.ts';
import { ggufArchitecture } from './aliases.ts';
import { bloom } from './bloom.ts';
import { cohere } from './cohere.ts';
import { cohere2 } from './cohere2.ts';
import { deepseek2 } from './deepseek2.ts';
import { ernie4_5 } from './ernie4_5.ts';
import { ernie45Moe } from './ernie4_5_moe.ts';
import { exaone4 } from './exaone4.ts';
import { falcon } from './falcon.ts';
import { gemma } from './gemma.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3 } from './gemma3.ts';
import { glm4 } from './glm4.ts';
import { glm4Moe } from './glm4_moe.ts';
import { gptOss } from './gpt_oss.ts';
import { gpt2 } from './gpt2.ts';
import { gptneox } from './gptneox.ts';
import { granite } from './granite.ts';
import { lfm2 } from './lfm2.ts';
import { llama } from './llama.ts';
import { llama4 } from './llama4.ts';
import { mpt } from './mpt.ts';
import { nemotron } from './nemotron.ts';
import { olmo } from './olmo.ts';
import { olmo2 } from './olmo2.ts';
import { olmoe } from './olmoe.ts';
import { phi2 } from './phi2.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen2moe } from './qwen2_moe.ts';
import { qwen3 } from './qwen3.ts';
import { qwen3moe } from './qwen3_moe.ts';
import { smollm3 } from './smollm3.ts';
import { stablelm } from './stablelm.ts';
import { starcoder2 } from './starcoder2.ts';

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  bloom,
  cohere2,
  'command-r': cohere,
  deepseek2,
  ernie4_5,
  'ernie4_5-moe': ernie45Moe,
  exaone4,
  falcon,
  gemma,
  gemma2,
  gemma3,
  glm4,
  glm4moe: glm4Moe,
  'gpt-oss': gptOss,
  gpt2,
  gptneox,
  granite,
  granitemoe: granite,
  lfm2,
  lfm2moe: lfm2,
  llama,
  llama4,
  mpt,
  nemotron,
  olmo,
  olmo2,
  olmoe,
  phi2,
  phi3,
  qwen2,
  qwen2moe,
  qwen3,
  qwen3moe,
  smollm3,
  stablelm,
  starcoder2,
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
