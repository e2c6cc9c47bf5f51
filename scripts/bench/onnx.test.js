import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureOnnx } from './onnx.js';

const WEIGHTS = Buffer.from('weights');
const HASH = createHash('sha256').update(WEIGHTS).digest('hex');

let cache, server, asked, etag;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'quern-onnx-'));
  asked = [];
  etag = `"${HASH}"`;
  server = createServer((req, res) => {
    asked.push(`${req.method} ${req.url.split('/').slice(4).join('/')}`);
    const large = req.url.endsWith('.onnx');
    if (large) res.setHeader('x-linked-etag', etag);
    res.end(large ? WEIGHTS : '{"a":1}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.close();
  await rm(cache, { recursive: true });
});

const hub = () => `http://127.0.0.1:${server.address().port}`;

it('fetches the folder once', async () => {
  const folder = await ensureOnnx('q4', { hub: hub(), cache });
  expect(await readFile(join(folder, 'onnx', 'model_q4.onnx'), 'utf8')).toBe('weights');
  expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toEqual({ a: 1 });
  const first = asked.length;
  expect(await ensureOnnx('q4', { hub: hub(), cache })).toBe(folder);
  expect(asked).toHaveLength(first);
  // Another form of the weights is one more file.
  await ensureOnnx('fp32', { hub: hub(), cache });
  expect(asked.slice(first)).toEqual(['HEAD main/onnx/model.onnx', 'GET main/onnx/model.onnx']);
});

it('keeps no weights that are not what the hub lists, and has no folder without the hub', async () => {
  etag = `"${'0'.repeat(64)}"`;
  expect(await ensureOnnx('q4', { hub: hub(), cache })).toBeUndefined();
  await expect(readFile(join(cache, 'onnx/SmolLM2-135M-Instruct/onnx/model_q4.onnx'))).rejects.toThrow(
    'ENOENT',
  );
  const gone = hub();
  server.close();
  server.closeAllConnections();
  expect(await ensureOnnx('q4', { hub: gone, cache: join(cache, 'other') })).toBeUndefined();
});
