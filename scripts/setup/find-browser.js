// Finds a Chrome, Chromium or Edge that is already on the machine. Uses Node alone; installs nothing.
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const NAMES = [
  'google-chrome-stable',
  'google-chrome',
  'chromium',
  'chromium-browser',
  'microsoft-edge-stable',
  'microsoft-edge',
  'chrome',
];

const MAC = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
  (app) => `/Applications/${app}.app/Contents/MacOS/${app}`,
);

/** Every place a browser may be, best first. */
function* places() {
  if (process.env.QUERN_BROWSER) yield process.env.QUERN_BROWSER;
  const home = homedir();
  if (process.platform === 'darwin') {
    for (const path of MAC) {
      yield path;
      yield join(home, path);
    }
  } else if (process.platform === 'win32') {
    for (const base of ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA']) {
      const root = process.env[base];
      if (!root) continue;
      yield join(root, 'Google', 'Chrome', 'Application', 'chrome.exe');
      yield join(root, 'Chromium', 'Application', 'chrome.exe');
      yield join(root, 'Microsoft', 'Edge', 'Application', 'msedge.exe');
    }
  } else {
    for (const dir of (process.env.PATH ?? '').split(delimiter)) {
      for (const name of NAMES) yield join(dir, name);
    }
  }
  yield* ofPlaywright(home);
}

/** Browsers that `npx playwright install chromium` has put down, newest first. */
function* ofPlaywright(home) {
  const dirs = {
    darwin: join(home, 'Library', 'Caches', 'ms-playwright'),
    win32: join(process.env.LOCALAPPDATA ?? home, 'ms-playwright'),
  };
  const root =
    process.env.PLAYWRIGHT_BROWSERS_PATH || dirs[process.platform] || join(home, '.cache', 'ms-playwright');
  if (!existsSync(root)) return;
  const builds = readdirSync(root).filter((name) => /^chromium-\d+$/.test(name));
  builds.sort((a, b) => Number(b.slice(9)) - Number(a.slice(9)));
  for (const build of builds) {
    for (const dir of readdirSync(join(root, build))) {
      yield join(root, build, dir, 'chrome');
      yield join(root, build, dir, 'chrome.exe');
      yield join(root, build, dir, 'Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing');
      yield join(root, build, dir, 'Chromium.app/Contents/MacOS/Chromium');
    }
  }
}

/**
 * Absolute path of a browser, or undefined. Snaps are passed over: their confinement keeps them from
 * reading a profile in a hidden folder.
 */
export function findBrowser() {
  for (const path of places()) {
    if (!existsSync(path)) continue;
    const real = realpathSync(path);
    if (real.startsWith('/snap/') || real.endsWith('/snap') || path.startsWith('/snap/')) continue;
    return path;
  }
  return undefined;
}

/**
 * Path of SwiftShader's Vulkan manifest beside a Chromium, or undefined: Dawn in Node computes with
 * it where there is no GPU. Debian starts /usr/bin/chromium as a script, so its library folder is
 * looked at too.
 */
export function findSwiftShader(browser = findBrowser()) {
  const dirs = ['/usr/lib/chromium', '/usr/lib64/chromium-browser', '/usr/lib/chromium-browser'];
  if (browser) dirs.unshift(dirname(realpathSync(browser)));
  for (const path of ofPlaywright(homedir())) if (existsSync(path)) dirs.push(dirname(path));
  return dirs.map((dir) => join(dir, 'vk_swiftshader_icd.json')).find((path) => existsSync(path));
}
