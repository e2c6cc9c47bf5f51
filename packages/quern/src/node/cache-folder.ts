// Where Node keeps models that came over the network, and what it measured of adapters.

import { homedir } from 'node:os';
import { join } from 'node:path';

/** QUERN_CACHE, or ~/.cache/quern. */
export function cacheFolder(): string {
  return process.env['QUERN_CACHE'] || join(homedir(), '.cache', 'quern');
}

export function chunkFolder(): string {
  return join(cacheFolder(), 'chunks');
}

export function choicesFolder(): string {
  return join(cacheFolder(), 'choices');
}
