// The engine behind the wall, as a Backend.

import { QuernError } from '@quern/spec';
import type { Backend } from '../api/engine.ts';
import type { LoadHooks } from '../api/load-hooks.ts';
import { type AdapterRequest, type LoadRequest, plainRef } from '../wire/host-api.ts';
import { follow, iterate } from './follow.ts';
import type { Link } from './link.ts';

/**
 * `close` ends the worker too, where the page has started it. `origin`: where adapters come from, as the model did.
 */
export function remoteBackend(
  link: Link,
  close: () => void,
  origin: Pick<AdapterRequest, 'baseUrl' | 'token' | 'hubBaseUrl'> = {},
): Backend {
  return {
    generate: (request, signal) => iterate(link, () => link.host.generate(request), signal),
    bench: (request, signal) => iterate(link, () => link.host.bench(request), signal),
    async perplexity(prompt, signal) {
      for await (const result of iterate(link, () => link.host.perplexity(prompt), signal)) return result;
      throw new QuernError('internal', 'The engine gave no perplexity.');
    },
    async loadAdapter({ id, model }, signal) {
      const request = { ...origin, id, model: plainRef(model) };
      for await (const info of iterate(link, () => link.host.loadAdapter(request), signal)) return info;
      throw new QuernError('internal', 'The engine told nothing of the adapter.');
    },
    unloadAdapter: (id) => link.guard(link.host.unloadAdapter(id)),
    profile: (phase) => link.guard(link.host.profile(phase)),
    roofline: () => link.guard(link.host.roofline()),
    info: () => link.guard(link.host.info()),
    async unload() {
      try {
        await link.guard(link.host.unload());
      } finally {
        close();
      }
    },
  };
}

export function loadRemote(link: Link, request: LoadRequest, hooks: LoadHooks = {}): Promise<void> {
  return follow(link, () => link.host.load(request), hooks);
}
