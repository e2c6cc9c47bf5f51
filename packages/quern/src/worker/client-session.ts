// One client's view of the host: its requests, its hold on the engine, and the end of both.

import { type InferenceEngine, QuernError } from '@quern/spec';
import type { Keeper } from '../api/keeper.ts';
import type { LoadHooks } from '../api/load-hooks.ts';
import type { HostApi, LoadRequest } from '../wire/host-api.ts';
import type { EngineSlot } from './engine-slot.ts';
import type { HostOptions } from './host.ts';
import { newsOf } from './news.ts';

export interface ClientSession {
  api: HostApi;
  /** Aborts what this client has running and drops its hold. Safe to call twice. */
  end(): Promise<void>;
}

export function clientSession(
  client: string,
  slot: EngineSlot,
  keeper: Keeper,
  { lock, hasGpu, plan }: Pick<HostOptions, 'hasGpu' | 'plan'> & { lock: string | undefined },
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

  const load = async (request: LoadRequest, { signal, ...told }: Required<LoadHooks>) => {
    const giveUp = () => void slot.release(client).catch(() => undefined);
    signal.addEventListener('abort', giveUp);
    try {
      const ready = await slot.acquire(client, request, told);
      if (!signal.aborted && !ended) engine = ready;
    } catch (error) {
      await slot.release(client).catch(() => undefined);
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  };

  const api: HostApi = {
    hello: () => ({ lock }),
    hasGpu,
    load: (request) => own((signal) => newsOf((hooks) => load(request, hooks), signal)),
    generate: (request) => own((signal) => loaded().generate(request, signal)),
    perplexity: (prompt) =>
      own(async function* (signal) {
        yield await loaded().perplexity(prompt, signal);
      }),
    bench: (request) => own((signal) => loaded().bench(request, signal)),
    loadAdapter: (request) =>
      own(async function* (signal) {
        const to = loaded();
        yield await to.loadAdapter(request.id, await keeper.open(request, { signal }), signal);
      }),
    unloadAdapter: async (id) => loaded().unloadAdapter(id),
    profile: async (phase) => loaded().profile(phase),
    roofline: async () => loaded().roofline(),
    info: () => loaded().info(),
    unload: end,
    listModels: () => keeper.list(),
    storageUsage: () => keeper.usage(),
    planModel: (request) => own((signal) => newsOf(() => plan(request, signal), signal)),
    downloadModel: (request) => own((signal) => newsOf((hooks) => keeper.download(request, hooks), signal)),
    deleteModel: (id) => keeper.delete(id),
    verifyModel: (id) => own((signal) => newsOf((hooks) => keeper.verify(id, hooks), signal)),
    // Chunks of 4 MiB: one waits for the page at most.
    exportFile: (id, file) => ({ ...own(() => keeper.export(id, file)), ahead: 1 }),
  };
  return { api, end };
}
