// Where the package's sources and its build lie.

import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PACKAGE = fileURLToPath(new URL('../../packages/quern', import.meta.url));
export const DIST = `${PACKAGE}/dist`;
