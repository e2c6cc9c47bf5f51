// Draws the icons of the installed page from demo/look/mark.svg, in a browser: node scripts/icons.js
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './setup/paths.js';
import { say } from './setup/say.js';

/** `share`: of the width that the drawing takes; a maskable icon may be cut to a circle of 0.8. */
const ICONS = [
  { name: '192', size: 192, share: 0.8, round: 0.22 },
  { name: '512', size: 512, share: 0.8, round: 0.22 },
  { name: 'maskable', size: 512, share: 0.56, round: 0 },
];

const { ensureBrowser } = await import('./setup/install-browser.js');
const { chromium } = await import('playwright');
const folder = join(ROOT, 'demo', 'public', 'icons');
await mkdir(folder, { recursive: true });
const mark = await readFile(join(ROOT, 'demo', 'look', 'mark.svg'), 'utf8');
const browser = await chromium.launch({ executablePath: await ensureBrowser() });
for (const { name, size, share, round } of ICONS) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(
    `<style>html{background:transparent}body{margin:0;height:100vh;display:grid;place-items:center;background:#faf8f4;
    border-radius:${round * size}px}svg{width:${share * 100}%}</style>${mark}`,
  );
  await page.screenshot({ path: join(folder, `${name}.png`), omitBackground: true });
  say(`demo/public/icons/${name}.png`);
}
await browser.close();
