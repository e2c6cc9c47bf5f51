// A headless Chromium that nothing watches: DevTools clients, Playwright's too, make a page's process keep the
// bodies of its requests, which is what the test of its memory is about. The page reports to the test's server.
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { SOFTWARE } from '../../scripts/browser/flags.js';
import { findBrowser } from '../../scripts/setup/find-browser.js';

export interface PlainBrowser {
  /** Processes of a type ('renderer', 'gpu-process', 'utility'). */
  processes(type: string): Promise<number[]>;
  close(): Promise<void>;
}

/** `flags`: which adapter the browser has, as of scripts/browser/flags.js. */
export function openPlainBrowser(
  url: string,
  profile: string,
  flags: readonly string[] = SOFTWARE,
): PlainBrowser {
  const browser = process.env.QUERN_BROWSER ?? findBrowser();
  if (!browser) throw new Error('no browser: `npm test` installs one');
  const quiet = [
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-extensions',
    '--password-store=basic',
  ];
  const child = spawn(
    browser,
    ['--headless', '--no-sandbox', ...quiet, `--user-data-dir=${profile}`, ...flags, url],
    { stdio: 'ignore', detached: true },
  );
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  return {
    processes: (type) => descendants(child.pid!, `--type=${type}`),
    async close() {
      child.kill('SIGTERM');
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5000))]);
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // all gone
      }
    },
  };
}

/** Processes that come from `root`, near or far, whose command line has `mark`. */
async function descendants(root: number, mark: string): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // pid (name) state ppid
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const found: number[] = [];
  for (const pid of parents.keys()) {
    let at: number | undefined = pid;
    while (at !== undefined && at > 1 && at !== root) at = parents.get(at);
    if (at !== root) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.split(/[\0 ]/).includes(mark)) found.push(pid);
  }
  return found;
}
