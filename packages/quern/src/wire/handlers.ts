// Importing this teaches Comlink the two things that cross the wall beside plain data. Both sides do.

import { registerErrorHandlers } from './error-wire.ts';
import { registerIterableHandler } from './iterable-wire.ts';

registerErrorHandlers();
registerIterableHandler();
