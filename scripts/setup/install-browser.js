// Brings a Chromium onto a machine that has no Chrome, Chromium or Edge. Needs the dependencies (for
// Playwright's downloader).
import { runCommand } from './command.js';
import { findBrowser } from './find-browser.js';
import { ROOT } from './paths.js';
import { refuse, say } from './say.js';

/** Package managers by the command that tells they are there. */
const MANAGERS = [
  [
    'apt-get',
    [
      ['apt-get', 'update'],
      ['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'],
    ],
  ],
  ['dnf', [['dnf', 'install', '-y', 'chromium']]],
  ['apk', [['apk', 'add', 'chromium']]],
  ['pacman', [['pacman', '-Sy', '--noconfirm', 'chromium']]],
];

/** Path of a browser that is there now: found, else Playwright's build, else the system's package. */
export async function ensureBrowser() {
  const found = findBrowser();
  if (found) return found;
  say('No Chrome, Chromium or Edge found: installing Chromium (npx playwright install chromium) ...');
  await runCommand('npx', ['playwright', 'install', 'chromium'], { cwd: ROOT });
  // On a bare Linux the build may lack system libraries; a browser that does not start is no browser.
  const downloaded = findBrowser();
  if (downloaded && (await starts(downloaded))) return downloaded;
  if (await fromSystem()) {
    const installed = findBrowser();
    if (installed) return installed;
  }
  refuse(
    'No browser could be installed. Install Chrome, Chromium or Edge by hand, or name one: ' +
      'QUERN_BROWSER=/path/to/chrome npm start',
  );
}

async function starts(browser) {
  if (process.platform === 'win32') return true; // --version opens a window there
  return (await runCommand(browser, ['--version'], { quiet: true })).code === 0;
}

/** True when the system's package manager installed one; only root can ask it. */
async function fromSystem() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  for (const [probe, steps] of MANAGERS) {
    if ((await runCommand(probe, ['--version'], { quiet: true })).code === 127) continue;
    say(`Installing Chromium with ${probe} ...`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const [command, ...args] of steps) {
      if ((await runCommand(command, args, { env })).code !== 0) return false;
    }
    return true;
  }
  return false;
}
