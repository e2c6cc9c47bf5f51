// A chunk store of which some methods are others: those that a test lets fail.
import type { ChunkStore } from '../chunk-stores/chunk-store.ts';

export function alteredStore(store: ChunkStore, methods: Partial<ChunkStore>): ChunkStore {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name, target);
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });
}
