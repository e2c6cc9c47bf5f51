// Ends a step on the GPU: the chosen ids become the rows' next tokens, so that the next step needs
// nothing from the host, and the host gets one small record a row.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import advanceSource from './advance.wgsl?raw';

export interface AdvanceOptions {
  /** [rows] u32. */
  chosen: Tensor;
  /** The step's rows; token becomes the chosen id, position one more. Rows beyond the live ones stay. */
  step: Tensor;
  /** [slots, columns] u32 of `penalize`; the chosen id's is raised by one. Left out, nothing is counted. */
  counts?: Tensor | undefined;
  /** [rows, recordWords] u32, read with `readRecord`. Rows beyond the live ones are left undone. */
  records: Tensor;
  /** From `tokenLogprob` at the chosen ids, and from `topK` of the same logits. */
  logprobs?: AdvanceLogprobs | undefined;
}

export interface AdvanceLogprobs {
  /** [rows] f32. */
  readonly chosen: Tensor;
  /** [rows, 2] f32. */
  readonly norms: Tensor;
  /** [rows, k] u32 and f32. */
  readonly top?: { readonly ids: Tensor; readonly values: Tensor } | undefined;
}

/** Words of a row's record: the id, and if logprobs are asked for its own and k pairs of id and logprob. */
export function recordWords(logprobs: boolean, k = 0): number {
  return logprobs ? 2 + 2 * k : 1;
}

export interface StepRecord {
  readonly id: number;
  /** Nats; undefined where logprobs were not asked for. */
  readonly logprob: number | undefined;
  readonly top: ReadonlyArray<{ readonly id: number; readonly logprob: number }>;
}

/** Row `row` of the records that the GPU wrote. */
export function readRecord(
  words: Uint32Array<ArrayBuffer>,
  row: number,
  logprobs: boolean,
  k = 0,
): StepRecord {
  const stride = recordWords(logprobs, k);
  const at = row * stride;
  assert(at + stride <= words.length, `records of ${words.length} words have no row ${row}`);
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const top = Array.from({ length: logprobs ? k : 0 }, (_, i) => ({
    id: words[at + 2 + 2 * i]!,
    logprob: floats[at + 3 + 2 * i]!,
  }));
  return { id: words[at]!, logprob: logprobs ? floats[at + 1]! : undefined, top };
}

export function advance(rec: Recorder, options: AdvanceOptions): void {
  const { chosen, counts, records, logprobs } = options;
  const rows = chosen.shape[0]!;
  const top = logprobs?.top;
  const k = top ? (top.ids.shape[1] ?? 1) : 0;
  const words = recordWords(logprobs !== undefined, k);
  assert(
    records.shape[0] === rows && (records.shape[1] ?? 1) === words,
    `advance: records are not [${rows}, ${words}]`,
  );
  assert(options.step.byteLength >= 16 + rows * 16, `advance: the step holds fewer than ${rows} rows`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'advance',
      main: advanceSource,
      modules: { step },
      conditions: { counted: counts !== undefined, logprobs: logprobs !== undefined },
      bindings: [
        'read',
        'write',
        'write',
        'read',
        'read',
        'read',
        'read',
        ...(counts ? (['write'] as const) : []),
        'uniform',
      ],
    }),
    bind: [
      chosen,
      options.step,
      records,
      logprobs?.chosen ?? chosen,
      logprobs?.norms ?? chosen,
      top?.ids ?? chosen,
      top?.values ?? chosen,
      ...(counts ? [counts] : []),
    ],
    params: new Uint32Array([rows, counts?.shape[1] ?? 0, k, 0]),
    workgroups: [Math.ceil(rows / 64)],
    bytes: rows * (24 + 4 * words + (counts ? 8 : 0)),
    flops: rows * k * 2,
  });
}
