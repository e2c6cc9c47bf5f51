// The LoRA adapters of a loaded model: those that are there, and what a request chooses of them.

import { type ModelFile, openAdapter } from '@quern/formats';
import type { Gpu } from '@quern/gpu';
import { loadAdapter, type LoraAdapter, type WeightRegistry } from '@quern/models';
import { type ByteSource, type LoraChoice, type LoraInfo, QuernError } from '@quern/spec';

/** Adapters that plans are recorded with. */
export interface ChosenAdapters {
  readonly adapters: readonly LoraAdapter[];
  /** Which they are: plans differ by it. */
  readonly key: string;
  /** Which they are and how much of each: keys and values of sequences differ by it. */
  readonly scaledKey: string;
}

export const NO_ADAPTERS: ChosenAdapters = { adapters: [], key: '', scaledKey: '' };

/** Each adds two dispatches to every layer that it touches. */
const MOST_CHOSEN = 8;
const MOST_SCALE = 100;

interface Loaded {
  readonly adapter: LoraAdapter;
  readonly info: LoraInfo;
  /** Never used twice, so that an id that comes again is another adapter. */
  readonly serial: number;
}

export interface AdapterShelfOptions {
  gpu: Gpu;
  base: Pick<ModelFile, 'format' | 'architecture' | 'metadata'>;
  weights: WeightRegistry;
}

export class AdapterShelf {
  readonly #options: AdapterShelfOptions;
  readonly #loaded = new Map<string, Loaded>();
  #serials = 0;

  constructor(options: AdapterShelfOptions) {
    this.#options = options;
  }

  get infos(): LoraInfo[] {
    return [...this.#loaded.values()].map(({ info }) => info);
  }

  /** On the GPU. */
  get byteLength(): number {
    return this.infos.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Closes the sources. Throws 'invalid-request' for an id that is empty or taken, and what reading throws. */
  async load(id: string, sources: readonly ByteSource[], signal?: AbortSignal): Promise<LoraInfo> {
    const { gpu, base, weights } = this.#options;
    try {
      if (id === '' || this.#loaded.has(id)) {
        throw new QuernError(
          'invalid-request',
          id === '' ? 'An adapter needs an id.' : `An adapter '${id}' is loaded already; unload it first.`,
        );
      }
      const file = await openAdapter(sources, signal);
      const adapter = await loadAdapter(gpu, base, weights.adaptable, file, signal);
      try {
        for (const source of sources) await source.complete?.({ signal });
      } catch (error) {
        adapter.destroy();
        throw error;
      }
      const { rank, byteLength, additions } = adapter;
      const info = { id, rank, weights: additions.size, bytes: byteLength };
      this.#loaded.set(id, { adapter, info, serial: ++this.#serials });
      return info;
    } finally {
      await Promise.allSettled(sources.map((source) => source.close()));
    }
  }

  /** Takes it off the shelf; the caller destroys it. Throws 'not-found'. */
  remove(id: string): { adapter: LoraAdapter; key: string } {
    const found = this.#find(id);
    this.#loaded.delete(id);
    return { adapter: found.adapter, key: keyOf([found]) };
  }

  /**
   * What a request asks for, its scales on their way to the GPU; adapters at scale 0 are left out. Throws
   * 'not-found' for ids that are not loaded, 'invalid-request' for doubles and for scales that make no sense.
   */
  choose(choices: readonly LoraChoice[] | undefined): ChosenAdapters {
    const wanted = new Map<string, { loaded: Loaded; scale: number }>();
    for (const { id, scale } of choices ?? []) {
      const loaded = this.#find(id);
      if (wanted.has(id)) throw new QuernError('invalid-request', `Adapter '${id}' is asked for twice.`);
      if (!(Math.abs(scale) <= MOST_SCALE)) {
        throw new QuernError(
          'invalid-request',
          `Adapter '${id}' at a scale of ${scale}; from ${-MOST_SCALE} to ${MOST_SCALE} work.`,
        );
      }
      wanted.set(id, { loaded, scale });
    }
    const chosen = [...wanted.values()]
      .filter(({ scale }) => scale !== 0)
      .sort((a, b) => a.loaded.serial - b.loaded.serial);
    if (chosen.length > MOST_CHOSEN) {
      throw new QuernError(
        'invalid-request',
        `${chosen.length} adapters at once; ${MOST_CHOSEN} are the most.`,
      );
    }
    for (const { loaded, scale } of chosen) {
      const { buffer, offset } = loaded.adapter.scale.place!;
      this.#options.gpu.device.queue.writeBuffer(buffer, offset, Float32Array.of(scale));
    }
    return {
      adapters: chosen.map(({ loaded }) => loaded.adapter),
      key: keyOf(chosen.map(({ loaded }) => loaded)),
      scaledKey: chosen.map(({ loaded, scale }) => `${loaded.serial}*${scale}`).join(' '),
    };
  }

  #find(id: string): Loaded {
    const found = this.#loaded.get(id);
    if (found) return found;
    const there = [...this.#loaded.keys()].map((name) => `'${name}'`).join(', ') || 'none';
    throw new QuernError('not-found', `No adapter '${id}' is loaded; loaded: ${there}.`);
  }
}

/** Each between bars, so that one is found in the key of several. */
function keyOf(loaded: readonly Loaded[]): string {
  return loaded.map(({ serial }) => `|${serial}|`).join('');
}
