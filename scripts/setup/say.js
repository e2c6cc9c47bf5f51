// What the scripts tell the person at the terminal. Everything goes to stderr, so that stdout holds
// only what was asked for (an answer, a count).
const live = process.stderr.isTTY === true;
let open = false;

/** One line. */
export function say(text) {
  endProgress();
  process.stderr.write(`${text}\n`);
}

/** A line that is written over while something runs; nothing where stderr is no terminal. */
export function progress(text) {
  if (!live) return;
  process.stderr.write(`\r\x1b[2K${text}`);
  open = true;
}

function endProgress() {
  if (!open) return;
  process.stderr.write('\n');
  open = false;
}

/** Says what went wrong and what would work, and ends with status 1. */
export function refuse(text) {
  endProgress();
  process.stderr.write(`\n${text}\n`);
  process.exit(1);
}

/** 98362432 -> '98.4 MB'. */
export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
