// Quern asked for fast numerics: int8 activations where the adapter gains by them, else it computes as without being asked.
import { loadQuern } from './quern-run.js';

export function load(job) {
  return loadQuern(job, { numerics: 'fast' });
}
