// wllama's wasm, two threads: what it does where it may not use WebGPU.
import { loadWllama } from './wllama-log.js';

export function load(job) {
  return loadWllama(job, 0);
}
