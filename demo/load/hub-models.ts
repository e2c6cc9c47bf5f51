// A short list of models on the Hugging Face hub that run here, from small to large: one of each size that people ask
// for. Compiled in November 2026 from the repositories' file lists. Sizes are what the shelf shows until a plan tells
// more; licences are those of the weights, by their SPDX id or the name that their makers gave them.
import type { ModelChoice } from './models.ts';

type HubModel = readonly [label: string, source: string, bytes: number, license: string];

const MODELS: readonly HubModel[] = [
  ['SmolLM2 135M Instruct', 'bartowski/SmolLM2-135M-Instruct-GGUF:Q8_0', 144_811_360, 'Apache-2.0'],
  ['SmolLM2 360M Instruct', 'HuggingFaceTB/SmolLM2-360M-Instruct-GGUF:Q8_0', 386_404_992, 'Apache-2.0'],
  ['Qwen3 0.6B', 'Qwen/Qwen3-0.6B-GGUF:Q8_0', 639_446_688, 'Apache-2.0'],
  ['Gemma 3 1B', 'ggml-org/gemma-3-1b-it-GGUF:Q4_K_M', 806_058_240, 'Gemma terms'],
  [
    'Llama 3.2 1B Instruct',
    'bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M',
    807_694_464,
    'Llama 3.2 Community',
  ],
  ['SmolLM2 1.7B Instruct', 'HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF:Q4_K_M', 1_055_609_536, 'Apache-2.0'],
  ['Qwen3 1.7B', 'Qwen/Qwen3-1.7B-GGUF:Q8_0', 1_834_426_016, 'Apache-2.0'],
  ['Phi-4-mini Instruct', 'unsloth/Phi-4-mini-instruct-GGUF:Q4_K_M', 2_491_874_272, 'MIT'],
  ['Qwen3 4B', 'Qwen/Qwen3-4B-GGUF:Q4_K_M', 2_497_280_256, 'Apache-2.0'],
  ['gpt-oss 20B', 'ggml-org/gpt-oss-20b-GGUF:MXFP4', 12_109_566_560, 'Apache-2.0'],
];

export const HUB_MODELS: readonly ModelChoice[] = MODELS.map(([label, source, bytes, license]) => ({
  label,
  source,
  bytes,
  license,
  place: 'hub',
}));
