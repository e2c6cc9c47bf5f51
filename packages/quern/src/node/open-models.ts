// Models in Node: nothing stands between them and their folder.

import { adapterCaps } from '@quern/gpu';
import { openDawn } from '@quern/gpu/node';
import { byteStream } from '../api/byte-stream.ts';
import type { Models } from '../api/models.ts';
import { planModel } from '../api/plan-model.ts';
import { openKeeper } from './keeper.ts';

/** What can be done with models besides running them, in the cache under QUERN_CACHE (~/.cache/quern). */
export function openModels(): Models {
  const keeper = openKeeper();
  const { download, list, usage, delete: remove, verify, export: bytesOf, close } = keeper;
  const caps = async () => adapterCaps(await openDawn());
  return {
    plan: ({ signal, ...request }) => planModel(keeper, caps, request, signal),
    download: ({ onProgress, onWarning, signal, ...request }) =>
      download(request, { onProgress, onWarning, signal }),
    list,
    usage,
    // Nothing but its user deletes from a folder.
    persist: async () => true,
    delete: remove,
    verify,
    export: (id, file) => byteStream(() => bytesOf(id, file)),
    close,
  };
}
