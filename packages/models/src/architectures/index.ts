// Every architecture, by the word that GGUF's general.architecture has for it.

import { QuernError } from '@quern/spec';
import type { Architecture } from '../architecture.ts';
import { llama } from './llama.ts';

const ARCHITECTURES: Readonly<Record<string, Architecture>> = { llama };

/** Throws 'unsupported-architecture' naming what runs. */
export function findArchitecture(name: string): Architecture {
  const found = Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name] : undefined;
  if (found) return found;
  throw new QuernError(
    'unsupported-architecture',
    `The file is of architecture '${name}', which Quern does not run yet. It runs: ${Object.keys(ARCHITECTURES).join(', ')}.`,
  );
}
