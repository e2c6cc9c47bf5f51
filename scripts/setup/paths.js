// Where things lie: the clone, and the cache outside of it that survives clones. Nothing is created here.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of this clone. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Models, browser profiles and locks, shared by all clones. QUERN_CACHE overrides. */
export const CACHE = process.env.QUERN_CACHE || join(homedir(), '.cache', 'quern');

/** GGUF files; the page offers every one that lies here. */
export const MODELS = join(CACHE, 'models');

/** The browser profile of `npm start -- --prompt`: it keeps IndexedDB between runs. */
export const PROFILE = join(CACHE, 'profile');
