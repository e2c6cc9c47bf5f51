// Fetches one wheel from the Python package index: through pip where it is there (it knows the
// machine's own index and certificates), else through the index's "simple" pages (PEP 503, PEP 691).
// Uses Node alone.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runCommand } from './command.js';

const INDEX = 'https://pypi.org/simple';
const PIPS = [
  ['pip', []],
  ['pip3', []],
  ['python3', ['-m', 'pip']],
  ['python', ['-m', 'pip']],
];

/** Path of the wheel of `name`==`version` in `folder`. Throws an Error that says what was tried. */
export async function fetchWheel(name, version, folder) {
  await mkdir(folder, { recursive: true });
  for (const [command, before] of PIPS) {
    const args = [...before, 'download', '--quiet', '--no-deps', '--only-binary=:all:', '-d', folder];
    const { code } = await runCommand(command, [...args, `${name}==${version}`], { quiet: true });
    if (code !== 0) continue;
    const wheel = (await readdir(folder)).find((file) => file.endsWith('.whl'));
    if (wheel) return join(folder, wheel);
  }
  return fromIndex(name, version, folder);
}

async function fromIndex(name, version, folder) {
  const base = (process.env.PIP_INDEX_URL || INDEX).replace(/\/$/, '');
  const page = `${base}/${name}/`;
  const accept = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5';
  const answer = await fetch(page, { headers: { accept }, signal: AbortSignal.timeout(60_000) });
  if (!answer.ok) throw new Error(`${page} answered ${answer.status}`);
  const json = answer.headers.get('content-type')?.includes('json');
  const files = json ? fromJson(await answer.json()) : fromHtml(await answer.text());
  const start = `${name.replaceAll('-', '_')}-${version}-`;
  const file = files.find((f) => f.name.startsWith(start) && f.name.endsWith('.whl'));
  if (!file) throw new Error(`${page} lists no wheel of version ${version}`);
  const path = join(folder, file.name);
  const wheel = await fetch(new URL(file.url, answer.url));
  if (!wheel.ok || !wheel.body) throw new Error(`${file.name}: the index answered ${wheel.status}`);
  const hash = createHash('sha256');
  const tap = new Transform({ transform: (chunk, _e, done) => (hash.update(chunk), done(null, chunk)) });
  await pipeline(Readable.fromWeb(wheel.body), tap, createWriteStream(path));
  if (file.sha256 && hash.digest('hex') !== file.sha256) throw new Error(`${file.name}: wrong SHA-256`);
  return path;
}

function fromJson(page) {
  return page.files.map((f) => ({ name: f.filename, url: f.url, sha256: f.hashes?.sha256 }));
}

function fromHtml(page) {
  return [
    ...page.matchAll(/<a\s[^>]*href="([^"#]+)(?:#sha256=([0-9a-f]{64}))?[^"]*"[^>]*>([^<]+)<\/a>/g),
  ].map(([, url, sha256, name]) => ({ name: name.trim(), url: url.replaceAll('&amp;', '&'), sha256 }));
}
