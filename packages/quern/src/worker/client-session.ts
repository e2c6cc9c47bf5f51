// One client's view of the host: its requests, its hold on the engine, and the end of both.

import { type ByteSource, type InferenceEngine, type Progress, QuernError } from '@quern/spec';
import type { Keeper } from '../api/keeper.ts';
import type { AdapterRequest, HostApi, LoadRequest } from '../wire/host-api.ts';
import type { EngineSlot } from './engine-slot.ts';
import { type Channel, channel } from './channel.ts';

export interface ClientSession {
  api: HostApi;
  /** Aborts what this client has running and drops its hold. Safe to call twice. */
  end(): Promise<void>;
}

/** Opens the files of an adapter. */
export type OpenFiles = (request: AdapterRequest, signal: AbortSignal) => Promise<ByteSource[]>;

/** What a host has besides its engine. */
export interface Files {
  open: OpenFiles;
  keeper: Keeper;
}

export function clientSession(
  client: string,
  slot: EngineSlot,
  { open, keeper }: Files,
  lock: string | undefined,
): ClientSession {
  const running = new Set<AbortController>();
  let engine: InferenceEngine | undefined;
  let ended = false;

  const loaded = (): InferenceEngine => {
    if (!engine) throw new QuernError('unloaded', 'No model is loaded for this client.');
    return engine;
  };
  /** An iterable whose work ends with `return()`, or with the client. */
  const own = <T>(work: (signal: AbortSignal) => AsyncIterable<T>): AsyncIterable<T> => ({
    [Symbol.asyncIterator]() {
      const stop = new AbortController();
      running.add(stop);
      const inner = work(stop.signal)[Symbol.asyncIterator]();
      return {
        next: async () => {
          try {
            const result = await inner.next();
            if (result.done) running.delete(stop);
            return result;
          } catch (error) {
            running.delete(stop);
            throw error;
          }
        },
        return: async () => {
          running.delete(stop);
          stop.abort();
          await inner.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  });
  const end = async () => {
    ended = true;
    engine = undefined;
    for (const stop of running) stop.abort();
    running.clear();
    await slot.release(client);
  };

  const fill = async (progress: Channel<Progress>, request: LoadRequest, signal: AbortSignal) => {
    const giveUp = () => void slot.release(client).catch(() => undefined);
    signal.addEventListener('abort', giveUp);
    try {
      const ready = await slot.acquire(client, request, progress.push);
      if (!signal.aborted && !ended) engine = ready;
      progress.end();
    } catch (error) {
      await slot.release(client).catch(() => undefined);
      progress.fail(error);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  };

  const api: HostApi = {
    hello: () => ({ lock }),
    load: (request) =>
      own((signal) => {
        const progress = channel<Progress>();
        void fill(progress, request, signal);
        return progress.items;
      }),
    generate: (request) => own((signal) => loaded().generate(request, signal)),
    perplexity: (prompt) =>
      own(async function* (signal) {
        yield await loaded().perplexity(prompt, signal);
      }),
    bench: (request) => own((signal) => loaded().bench(request, signal)),
    loadAdapter: (request) =>
      own(async function* (signal) {
        const to = loaded();
        yield await to.loadAdapter(request.id, await open(request, signal), signal);
      }),
    unloadAdapter: async (id) => loaded().unloadAdapter(id),
    profile: async (phase) => loaded().profile(phase),
    info: () => loaded().info(),
    unload: end,
    listModels: () => keeper.list(),
    storageUsage: () => keeper.usage(),
    deleteModel: (id) => keeper.delete(id),
  };
  return { api, end };
}
