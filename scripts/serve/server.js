// The one server of the built pages on its fixed port: starts it, or finds it running.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ROOT } from '../setup/paths.js';
import { buildPages } from './build.js';

/** Fixed, because the browser keeps a model's bytes per origin, and the port is part of that. */
export const PORT = 5219;

const CLONE = createHash('sha256').update(ROOT).digest('hex').slice(0, 16);

/**
 * { url, reused, close() }. Throws an Error that says what holds the port when that is not this
 * clone's own server.
 */
export async function serve(port = PORT) {
  await buildPages();
  const url = `http://127.0.0.1:${port}`;
  if (!(await isFree(port))) {
    const served = await identity(url);
    if (served?.clone === CLONE) return { url, reused: true, close: async () => {} };
    const who = served ? 'the Quern of another clone' : 'another program';
    throw new Error(
      `Port ${port} is held by ${who}. Stop it, or take another port: npm start -- --port ${port + 1}`,
    );
  }
  const { preview } = await import('vite');
  const server = await preview({
    root: join(ROOT, 'demo'),
    configFile: join(ROOT, 'vite.config.ts'),
    logLevel: 'warn',
    preview: { port },
  });
  return { url, reused: false, close: () => server.close() };
}

/** What /served.json of a running Quern says (scripts/serve/model-files.ts), or undefined. */
export async function identity(url) {
  try {
    const answer = await fetch(`${url}/served.json`, { signal: AbortSignal.timeout(5_000) });
    const served = await answer.json();
    return served?.service === 'quern' ? served : undefined;
  } catch {
    return undefined;
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
