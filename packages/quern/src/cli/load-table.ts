// Where the time before the first token went.

import { type EngineInfo, GREEDY, type InferenceEngine, QuernError } from '@quern/spec';
import { bytes, table } from './words.ts';

/** Milliseconds from the engine's first request, a prompt of one word, to its token. */
export async function firstToken(
  engine: Pick<InferenceEngine, 'generate'>,
  signal: AbortSignal,
): Promise<number> {
  const prompt = { kind: 'text' as const, text: 'Hello' };
  const request = { prompt, sampling: GREEDY, stop: [], maxTokens: 1, ignoreEos: true };
  for await (const part of engine.generate(request, signal)) {
    if (part.type === 'finish') return part.timings.timeToFirstTokenMs;
  }
  throw new QuernError('internal', 'The first request ended without a result.');
}

export function loadTable({ timings, memory }: EngineInfo, firstTokenMs: number): string {
  const fetched = timings.bytesFetched > 0 ? `${bytes(timings.bytesFetched)} from the network` : 'no network';
  const rows: Array<[string, number, string]> = [
    ['open', timings.openMs, 'header, device, room on the GPU'],
    [
      'weights',
      timings.weightsMs,
      `after that: ${bytes(memory.weightBytes)} read, repacked and uploaded; ${fetched}`,
    ],
    ['- last byte', timings.lastByteMs, 'from the start: read'],
    ['- upload', timings.uploadMs, 'from the start: on the GPU'],
    ['- verify', timings.verifyMs, 'samples read back'],
    ['choose', timings.chooseMs, 'after opening, beside the weights: kernel variants'],
    ['compile', timings.compileMs, 'after opening, beside the weights, the choice included'],
    ['text', timings.textMs, 'tokenizer and template, beside the weights'],
    ['load', timings.loadMs, 'all of it'],
    ['first token', firstTokenMs, 'of the first request, one word'],
  ];
  return `\n${table(
    ['load', 'ms', 'what'],
    rows.map(([name, ms, what]) => [name, ms.toFixed(0), what]),
  )}`;
}
