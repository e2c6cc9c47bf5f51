// A Backend that outlives the host behind it. When the host goes, answers that have begun reject, the model
// is loaded again wherever it runs from then on, and what was not begun and later calls wait for that.

import { QuernError } from '@quern/spec';
import type { AdapterOptions, Backend } from '../../api/engine.ts';
import type { LoadHooks } from '../../api/load-hooks.ts';
import type { LoadRequest } from '../../wire/host-api.ts';
import type { Link } from '../link.ts';
import { orAborted } from '../or-aborted.ts';
import { loadRemote, remoteBackend } from '../remote-backend.ts';
import type { Sharing } from './sharing.ts';

interface Session {
  link: Link;
  backend: Backend;
}

/** A host that dies of this very model dies each time: whoever waits is told so in the end. */
const TRIES = 3;

/** Resolves when the model is loaded; leaves `sharing` if it cannot be. Throws what loading throws. */
export async function lastingBackend(
  sharing: Sharing,
  request: LoadRequest,
  { onProgress, onWarning, signal }: LoadHooks = {},
): Promise<Backend> {
  const unloading = new AbortController();
  const adapters = new Map<string, AdapterOptions>();
  let session: Promise<Session> | undefined;

  let asked = request;
  const load = async (link: Link, stop?: AbortSignal): Promise<Session> => {
    await loadRemote(link, asked, { onProgress, onWarning, signal: stop });
    asked = { ...request, prompt: undefined }; // it came with the first load, and was answered there
    const { baseUrl, token, hubBaseUrl } = request;
    const backend = remoteBackend(link, link.close, { baseUrl, token, hubBaseUrl });
    for (const adapter of adapters.values()) {
      await backend.loadAdapter(adapter, stop).catch((error: unknown) => {
        if (QuernError.from(error).code !== 'invalid-request') throw error; // another tab has loaded it
      });
    }
    return { link, backend };
  };
  const open = async (stop?: AbortSignal): Promise<Session> => {
    for (let tries = 1; ; tries++) {
      const link = await sharing.join(stop);
      try {
        const opened = await load(link, stop);
        link.onFail(renew);
        return opened;
      } catch (error) {
        const lost = link.failed;
        link.close();
        if (!lost || tries === TRIES) throw error;
      }
    }
  };
  /** The session of now. One that could not be opened is tried again by the next call. */
  const current = (stop: AbortSignal | undefined = unloading.signal): Promise<Session> => {
    if (session) return session;
    const opening = open(stop);
    session = opening;
    opening.catch(() => {
      if (session === opening) session = undefined;
    });
    return opening;
  };
  const renew = () => {
    session = undefined;
    if (!unloading.signal.aborted) void current().catch(() => undefined); // the next call tells
  };
  const ready = async (stop?: AbortSignal): Promise<Session> => {
    try {
      return await orAborted(current(), stop);
    } catch (error) {
      if (!unloading.signal.aborted) throw error;
      throw new QuernError('unloaded', 'This engine was unloaded. Create another one.', { cause: error });
    }
  };
  // A host that has gone is noticed a moment later: what it was asked in between, it never heard.
  const ask = async <T>(work: (backend: Backend) => Promise<T>, stop?: AbortSignal): Promise<T> => {
    const { link, backend } = await ready(stop);
    try {
      return await work(backend);
    } catch (error) {
      if (!(await isGone(link, error))) throw error;
      return work((await ready(stop)).backend);
    }
  };
  async function* each<T>(start: (backend: Backend) => AsyncIterable<T>, stop?: AbortSignal) {
    const { link, backend } = await ready(stop);
    let begun = false;
    try {
      for await (const item of start(backend)) {
        begun = true;
        yield item;
      }
    } catch (error) {
      if (begun || !(await isGone(link, error))) throw error;
      yield* start((await ready(stop)).backend);
    }
  }

  try {
    await current(signal);
  } catch (error) {
    sharing.leave();
    throw error;
  }
  return {
    generate: (asked, stop) => each((backend) => backend.generate(asked, stop), stop),
    bench: (asked, stop) => each((backend) => backend.bench(asked, stop), stop),
    perplexity: (prompt, stop) => ask((backend) => backend.perplexity(prompt, stop), stop),
    async loadAdapter(options, stop) {
      const info = await ask((backend) => backend.loadAdapter(options, stop), stop);
      adapters.set(options.id, options);
      return info;
    },
    async unloadAdapter(id) {
      const { link, backend } = await ready();
      adapters.delete(id);
      try {
        await backend.unloadAdapter(id);
      } catch (error) {
        if (!(await isGone(link, error))) throw error; // it went with its host
      }
    },
    profile: (phase) => ask((backend) => backend.profile(phase)),
    roofline: () => ask((backend) => backend.roofline()),
    info: () => ask(async (backend) => backend.info()),
    async unload() {
      unloading.abort();
      const last = await session?.catch(() => undefined);
      try {
        await last?.backend.unload();
      } catch (error) {
        if (!last?.link.failed) throw error; // it went with its host
      } finally {
        sharing.leave();
      }
    },
  };
}

/** Whether the host has gone, and with it what failed; its ports may have said so before its lock does. */
async function isGone(link: Link, error: unknown): Promise<boolean> {
  if (!link.failed && QuernError.from(error).code === 'device-lost')
    await link.guard(link.host.hello()).catch(() => undefined);
  return link.failed;
}
