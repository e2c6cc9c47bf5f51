// Quern with int8 activations, which it takes only when asked.
import { loadQuern } from './quern-run.js';

export async function load(job) {
  const loaded = await loadQuern(job, { numerics: 'fast' });
  // A row that computed as the other one would be a lie.
  if (!Object.values(loaded.info.variants).includes('int8')) {
    throw new Error('there is no integer form for this adapter in this build');
  }
  return loaded;
}
