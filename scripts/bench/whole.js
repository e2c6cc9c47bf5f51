// Numbers of the command line.
import { refuse } from '../setup/say.js';

/** Ends the program where `text` is no whole number from 1. */
export function whole(text, name) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    refuse(`--${name} takes a whole number from 1, not '${text}'.`);
  }
  return value;
}
