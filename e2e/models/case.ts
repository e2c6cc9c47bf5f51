// A conformance case: a tiny model and what other software computed from it.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { type MemorySource, memorySource } from '@quern/formats/testing';
import type { ByteSource } from '@quern/spec';

const ROOT = fileURLToPath(new URL('../conformance', import.meta.url));

export interface Expected {
  readonly name: string;
  readonly promptIds: number[];
  /** Argmax, end-of-sequence ignored. */
  readonly greedyIds: number[];
  /** Row k chose greedyIds[steps[k]]. */
  readonly steps: number[];
  readonly logits: Float32Array[];
  readonly minTop1Margin: number;
  readonly promptLogprobs: number[];
}

export function readCase(name: string): Expected {
  const folder = join(ROOT, name);
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
  const bytes = new Uint8Array(readFileSync(join(folder, expected.logits.file)));
  const all = new Float32Array(bytes.buffer);
  const [rows, columns] = expected.logits.shape as [number, number];
  return {
    name,
    promptIds: expected.prompt_ids,
    greedyIds: expected.greedy_ids,
    steps: expected.logits.steps,
    logits: Array.from({ length: rows }, (_, i) => all.slice(i * columns, (i + 1) * columns)),
    minTop1Margin: expected.min_top1_margin,
    promptLogprobs: expected.prompt_logprobs,
  };
}

export function caseSource(name: string, file = 'model.gguf'): MemorySource {
  return memorySource(new Uint8Array(readFileSync(join(ROOT, name, file))), file);
}

const FOLDER_FILES = /\.(safetensors|json|jinja)$/;

/** The safetensors folder of a case. */
export function caseFolder(name: string): ByteSource[] {
  const names = readdirSync(join(ROOT, name)).filter((file) => FOLDER_FILES.test(file));
  return names.filter((file) => file !== 'expected.json').map((file) => caseSource(name, file));
}
