import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fetchWheel } from './wheel.js';

const WHEEL = Buffer.from('a wheel');
const SHA256 = createHash('sha256').update(WHEEL).digest('hex');
let folder;
let server;
let style = 'html';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quern-wheel-test-'));
  server = createServer((req, res) => {
    const hash = req.url.startsWith('/bad') ? '0'.repeat(64) : SHA256;
    const file = `thing_one-1.2-py3-none-any.whl`;
    if (req.url.endsWith('.whl')) return res.end(WHEEL);
    if (style === 'json') {
      res.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
      return res.end(
        JSON.stringify({ files: [{ filename: file, url: `../files/${file}`, hashes: { sha256: hash } }] }),
      );
    }
    res.setHeader('content-type', 'text/html');
    return res.end(
      `<a href="/files/thing_one-1.1-py3-none-any.whl#sha256=${hash}">thing_one-1.1-py3-none-any.whl</a><br/>
       <a data-requires-python="&gt;=3.9" href="/files/${file}#sha256=${hash}" data-upload-time="x">${file}</a>`,
    );
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('PATH', ''); // no pip
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.close();
  await rm(folder, { recursive: true });
});

test.each(['html', 'json'])('without pip, from an index that answers in %s', async (kind) => {
  style = kind;
  vi.stubEnv('PIP_INDEX_URL', `http://127.0.0.1:${server.address().port}/simple/`);
  const path = await fetchWheel('thing-one', '1.2', join(folder, kind));
  expect(await readFile(path)).toEqual(WHEEL);
  await expect(fetchWheel('thing-one', '9.9', join(folder, kind, 'none'))).rejects.toThrow(
    'no wheel of version 9.9',
  );
});

test('a wheel with another hash than the index says is refused', async () => {
  vi.stubEnv('PIP_INDEX_URL', `http://127.0.0.1:${server.address().port}/bad`);
  await expect(fetchWheel('thing-one', '1.2', join(folder, 'bad'))).rejects.toThrow('SHA-256');
});
