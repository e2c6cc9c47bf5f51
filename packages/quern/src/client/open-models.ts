// Models on a page: the cache is in the worker's hands, so that its work is not the page's.

import { byteStream } from '../api/byte-stream.ts';
import type { Models } from '../api/models.ts';
import { platformLocks } from '../wire/life-lock.ts';
import { follow, iterate } from './follow.ts';
import { connect, type HostEndpoint, type Link } from './link.ts';
import { toLoadRequest } from './load-request.ts';
import { persist, persistOnDownload } from './persist.ts';
import { startWorker } from './start-worker.ts';

export interface OpenModelsOptions {
  /** A worker that runs 'quern/worker', or a port to one. Default: started by the first call that needs it. */
  worker?: HostEndpoint;
}

/** What can be done with models besides running them. Nothing is started before the first call. */
export function openModels(options: OpenModelsOptions = {}): Models {
  let connected: Promise<Link> | undefined;

  const open = async (): Promise<Link> => {
    const started = options.worker ? undefined : startWorker();
    try {
      const link = await connect(options.worker ?? started!.worker, platformLocks());
      link.onFail(() => {
        started?.terminate();
        connected = undefined; // a worker that died: the next call starts another
      });
      return link;
    } catch (error) {
      started?.terminate();
      connected = undefined;
      throw error;
    }
  };
  const link = (): Promise<Link> => (connected ??= open());

  return {
    async plan(options) {
      const to = await link();
      return follow(to, () => to.host.planModel(toLoadRequest(options)), { signal: options.signal });
    },
    async download(options) {
      const to = await link();
      return follow(to, () => to.host.downloadModel(toLoadRequest(options)), persistOnDownload(options));
    },
    async list() {
      const { host, guard } = await link();
      return guard(host.listModels());
    },
    async usage() {
      const { host, guard } = await link();
      return guard(host.storageUsage());
    },
    persist,
    async delete(id) {
      const { host, guard } = await link();
      await guard(host.deleteModel(id));
    },
    async verify(id, hooks = {}) {
      const to = await link();
      return follow(to, () => to.host.verifyModel(id), hooks);
    },
    export(id, file) {
      return byteStream(async function* () {
        const to = await link();
        yield* iterate(to, () => to.host.exportFile(id, file), undefined);
      });
    },
    async close() {
      const closing = await connected?.catch(() => undefined);
      closing?.close();
    },
  };
}
