// wllama with every layer asked onto WebGPU. Where that fails it computes on the CPU and says so in its log alone: the
// notes have what the log says.
import { loadWllama } from './wllama-log.js';

export function load(job) {
  return loadWllama(job, 99_999);
}
