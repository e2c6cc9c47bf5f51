// The load on stderr, in one line that a terminal writes over. Elsewhere: one line when it is done.

import type { LoadPhase, Progress, QuernError } from '@quern/spec';
import type { Tools } from './tools.ts';
import { bytes, seconds, short } from './words.ts';

export interface ProgressLine {
  show(progress: Progress): void;
  /** Something to read, in a line of its own above it. */
  warn(warning: QuernError): void;
  /** Leaves the terminal's line empty. */
  clear(): void;
}

/** Phases that end with all of their bytes. */
const DONE_IN_BYTES: ReadonlySet<LoadPhase> = new Set(['weights', 'download', 'verify']);

export function progressLine({ err, interactive }: Pick<Tools, 'err' | 'interactive'>): ProgressLine {
  let width = 0;
  const write = (line: string) => {
    err(`\r${line.padEnd(width)}`);
    width = line.length;
  };
  const clear = () => {
    if (interactive && width > 0) err(`\r${' '.repeat(width)}\r`);
  };
  return {
    show(progress) {
      if (interactive) write(describe(progress));
      else if (DONE_IN_BYTES.has(progress.phase) && progress.total > 0 && progress.loaded >= progress.total) {
        if (width === 0) err(`${describe(progress)}\n`);
        width = 1; // said once
      }
    },
    warn({ code, message }) {
      clear();
      err(`quern: warning: ${message} [${code}]\n`);
    },
    clear,
  };
}

function describe({ phase, file, loaded, total, from, bytesPerSecond, secondsLeft }: Progress): string {
  if (phase === 'compile') return 'compiling kernels';
  if (phase === 'ready') return 'ready';
  const of = total > 0 ? ` of ${bytes(total)}` : '';
  const rate = bytesPerSecond > 0 ? `, ${bytes(bytesPerSecond)}/s` : '';
  const left = secondsLeft !== undefined && secondsLeft > 0 ? `, ${seconds(secondsLeft)} left` : '';
  return `${short(file)} (${phase === 'verify' ? 'checking' : from}): ${bytes(loaded)}${of}${rate}${left}`;
}
