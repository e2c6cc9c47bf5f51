// The worker's entry ('quern/worker'): a dedicated or shared worker that hosts one engine.

import { adapterCaps } from '@quern/gpu';
import { platformLocks } from '../wire/life-lock.ts';
import { createHost } from './host.ts';
import { keeper, loadModel, plan } from './load-model.ts';

const hasGpu = () =>
  adapterCaps().then(
    () => true,
    () => false, // no WebGPU here, or no adapter
  );

const host = createHost({ load: loadModel, plan, keeper, hasGpu, locks: platformLocks() });

const scope = globalThis as unknown as EventTarget & Pick<MessagePort, 'addEventListener'>;
host.listen(scope);
// In a shared worker each page comes with a port of its own.
scope.addEventListener('connect', (event: Event) => {
  for (const port of (event as MessageEvent).ports) {
    host.listen(port);
    port.start();
  }
});
