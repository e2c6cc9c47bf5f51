// Quern with its defaults: activations in f32.
import { loadQuern } from './quern-run.js';

export function load(job) {
  return loadQuern(job, {});
}
