// Finds a Firefox, and the Vulkan driver that computes on the CPU where the machine has no GPU. Installs nothing.
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const ICDS = '/usr/share/vulkan/icd.d';

/** Absolute path, or undefined. QUERN_FIREFOX overrides. */
export function findFirefox() {
  return [...places()].find((path) => existsSync(path));
}

function* places() {
  const { QUERN_FIREFOX, PATH, PROGRAMFILES } = process.env;
  if (QUERN_FIREFOX) yield QUERN_FIREFOX;
  if (process.platform === 'darwin') yield '/Applications/Firefox.app/Contents/MacOS/firefox';
  else if (process.platform === 'win32') {
    if (PROGRAMFILES) yield join(PROGRAMFILES, 'Mozilla Firefox', 'firefox.exe');
  } else {
    for (const dir of (PATH ?? '').split(delimiter)) {
      for (const name of ['firefox', 'firefox-esr']) yield join(dir, name);
    }
  }
}

/** Mesa's lavapipe as a Vulkan manifest, or undefined: Debian has it in mesa-vulkan-drivers. */
export function findLavapipe() {
  if (!existsSync(ICDS)) return undefined;
  const name = readdirSync(ICDS).find((file) => /^lvp_icd.*\.json$/.test(file));
  return name && join(ICDS, name);
}
