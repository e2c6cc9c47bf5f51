// The small buffers that change from step to step: rows to compute, the page tables, targets of a loss.

import { createTensor, type Gpu, type Tensor } from '@quern/gpu';
import { PAGE_TOKENS } from '@quern/kernels';
import type { Sequence } from './sequence-cache.ts';

/** Words before the rows, and words a row: kernels/lib/step.wgsl. */
const HEADER = 4;
const ROW = 4;
const SLOT = 0;

export class StepTensors {
  /** Rows of a prefill chunk. */
  readonly prefill: Tensor;
  /** The row that decode advances by itself. */
  readonly decode: Tensor;
  /** [slots, pages a slot], for each group of the cache. Entries of pages that were handed back are left as they are. */
  readonly pageTables: readonly Tensor[];
  /** [rows] u32: the token whose probability each row of a chunk is asked for. */
  readonly targets: Tensor;
  /** [rows] f32: the answer. */
  readonly logprobs: Tensor;
  readonly #gpu: Gpu;

  constructor(gpu: Gpu, chunkRows: number, contextLength: number, groups: number) {
    const { device } = gpu;
    this.#gpu = gpu;
    this.prefill = createTensor(device, 'prefill step', [HEADER + chunkRows * ROW]);
    this.decode = createTensor(device, 'decode step', [HEADER + ROW]);
    const pages = Math.ceil(contextLength / PAGE_TOKENS);
    this.pageTables = Array.from({ length: groups }, (_, g) =>
      createTensor(device, `page table ${g}`, [1, pages]),
    );
    this.targets = createTensor(device, 'targets', [chunkRows]);
    this.logprobs = createTensor(device, 'logprobs', [chunkRows]);
  }

  get byteLength(): number {
    return this.#all.reduce((sum, tensor) => sum + tensor.byteLength, 0);
  }

  /** The next chunk: `tokens` from `position` on. */
  writeChunk(tokens: readonly number[], position: number): void {
    const words = new Uint32Array(HEADER + tokens.length * ROW);
    words[0] = tokens.length;
    tokens.forEach((token, i) => words.set([token, position + i, SLOT], HEADER + i * ROW));
    this.#write(this.prefill, 0, words);
  }

  /** Targets and logprobs of the first `rows` rows of a chunk. */
  loss(rows: number): { targets: Tensor; logprobs: Tensor } {
    const first = (tensor: Tensor): Tensor => ({
      ...tensor,
      shape: [rows],
      byteLength: Math.max(16, rows * 4),
    });
    return { targets: first(this.targets), logprobs: first(this.logprobs) };
  }

  /** Where decode stands: the token at `position` is computed next, or was computed last by a prefill chunk. */
  writeDecode(token: number, position: number): void {
    this.#write(this.decode, 0, Uint32Array.of(1, 0, 0, 0, token, position, SLOT, 0));
  }

  /** The pages that the sequence holds in each group, of which those from index `from[group]` on are new. */
  writePages(sequence: Sequence, from?: readonly number[]): void {
    sequence.held.forEach(({ first, pages }, g) => {
      const begin = Math.max(first, from?.[g] ?? first);
      const written = pages.slice(begin - first);
      if (written.length > 0) this.#write(this.pageTables[g]!, begin, Uint32Array.from(written));
    });
  }

  writeTargets(ids: readonly number[]): void {
    this.#write(this.targets, 0, Uint32Array.from(ids));
  }

  #write(tensor: Tensor, firstWord: number, words: Uint32Array<ArrayBuffer>): void {
    this.#gpu.device.queue.writeBuffer(tensor.place!.buffer, firstWord * 4, words);
  }

  get #all(): Tensor[] {
    return [this.prefill, this.decode, ...this.pageTables, this.targets, this.logprobs];
  }

  destroy(): void {
    for (const tensor of this.#all) tensor.place!.buffer.destroy();
  }
}
