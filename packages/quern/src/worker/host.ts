// The host: one engine behind any number of ports. Each client is watched, so that a closed tab neither
// keeps the GPU nor leaves its answers running.

import type { LoadPlan } from '@quern/spec';
import { expose } from 'comlink';
import '../wire/handlers.ts';
import type { Keeper } from '../api/keeper.ts';
import { isConnectMessage, type LoadRequest } from '../wire/host-api.ts';
import { holdLock, type Locks, watchLock } from '../wire/life-lock.ts';
import { clientSession } from './client-session.ts';
import { EngineSlot, type LoadModel } from './engine-slot.ts';

export interface HostOptions {
  load: LoadModel;
  keeper: Keeper;
  /** What a load would take. */
  plan: (request: LoadRequest, signal: AbortSignal) => Promise<LoadPlan>;
  /** Whether there is an adapter here. */
  hasGpu: () => Promise<boolean>;
  /** Where missing, a client's death shows only where its port's closing does. */
  locks?: Locks;
}

export interface Host {
  /** Takes clients that announce themselves on `endpoint`: the worker's own scope, or a port. */
  listen(endpoint: Pick<MessagePort, 'addEventListener'>): void;
}

export function createHost({ load, plan, keeper, hasGpu, locks }: HostOptions): Host {
  const slot = new EngineSlot(load);
  const lock = locks ? `quern-host-${crypto.randomUUID()}` : undefined;
  const alive = locks && lock !== undefined ? holdLock(locks, lock) : Promise.resolve();

  const accept = async (client: string, port: MessagePort) => {
    await alive; // a client must find the lock taken when it starts to wait for it
    const session = clientSession(client, slot, keeper, { lock, hasGpu, plan });
    let unwatch = (): void => undefined;
    const onDeath = () => {
      unwatch();
      void session.end().catch(() => undefined); // nobody is left to tell
      port.close();
    };
    if (locks) unwatch = watchLock(locks, client, onDeath);
    port.addEventListener('close', onDeath);
    expose(session.api, port);
  };
  return {
    listen(endpoint) {
      endpoint.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (isConnectMessage(data)) void accept(data.client, data.port);
      });
    },
  };
}
