// Asks the browser to keep what the origin stores. Only windows may ask: workers have no such call.

import type { LoadHooks } from '../api/load-hooks.ts';

/** True if it will. Chromium decides by itself; Firefox asks the person. */
export async function persist(): Promise<boolean> {
  const storage = globalThis.navigator?.storage;
  if (!storage) return false; // the page is not secure
  try {
    return (await storage.persisted()) || (await storage.persist());
  } catch {
    return false; // private windows refuse
  }
}

let asked = false;

/** The hooks, and a question to the browser when the first bytes come over the network: once a page, waited for by nobody. */
export function persistOnDownload<Hooks extends LoadHooks>(hooks: Hooks): Hooks {
  return {
    ...hooks,
    onProgress(progress) {
      if (!asked && progress.from === 'network' && progress.loaded > 0) {
        asked = true;
        void persist();
      }
      hooks.onProgress?.(progress);
    },
  };
}
