// A Keeper for tests that has no cache and knows no files.

import { QuernError } from '@quern/spec';
import { createKeeper } from '../api/keeper.ts';

export const noCache = createKeeper({
  openStore: () => Promise.reject(new QuernError('storage-error', 'refused')),
  openModel: async () => [],
  usage: async () => undefined,
});

export const noPlan = (): Promise<never> =>
  Promise.reject(new QuernError('internal', 'nothing is to be planned here'));
