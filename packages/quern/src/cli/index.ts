// The process around the command line: streams, signals, and a clean end although Dawn holds threads.

import { execFile } from 'node:child_process';
import { appendFile, readFile } from 'node:fs/promises';
import { inspectModel } from '@quern/engine';
import { adapterCaps } from '@quern/gpu';
import { openDawn } from '@quern/gpu/node';
import { QuernError } from '@quern/spec';
import { loadInProcess, openFiles } from '../node/load-model.ts';
import { openModels } from '../node/open-models.ts';
import { main } from './main.ts';
import { saveFile } from './save-file.ts';
import type { Tools } from './tools.ts';

const stop = new AbortController();
process.on('SIGINT', () => {
  if (stop.signal.aborted) process.exit(130); // asked twice
  stop.abort();
});
// A reader that has closed the pipe (`| head`) wants no more.
process.stdout.on('error', () => process.exit(0));

const tools: Tools = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  interactive: process.stderr.isTTY === true,
  signal: stop.signal,
  load: loadInProcess,
  openFiles: (request) => openFiles(request, { signal: stop.signal }),
  inspect: async (request, { adapter, signal }) => {
    const caps = adapter ? await adapterCaps(await openDawn()) : undefined;
    return inspectModel({ ...request, sources: await openFiles(request, { signal }), caps, signal });
  },
  memory: () => {
    const { heapUsed, external, rss } = process.memoryUsage();
    return { scriptBytes: heapUsed + external, residentBytes: rss };
  },
  readText: (path) =>
    readFile(path, 'utf8').catch((cause: unknown) => {
      throw new QuernError('not-found', `${path} could not be read: ${String(cause)}`, { cause });
    }),
  appendText: (path, text) =>
    appendFile(path, text).catch((cause: unknown) => {
      throw new QuernError('storage-error', `${path} could not be written: ${String(cause)}`, { cause });
    }),
  commit: () =>
    new Promise((resolve) =>
      execFile('git', ['describe', '--always', '--dirty', '--exclude=*'], (error, stdout) =>
        resolve(error ? null : stdout.trim()),
      ),
    ),
  models: openModels(),
  save: (folder, name, bytes) => saveFile(folder, name, bytes, stop.signal),
};

const code = await main(process.argv.slice(2), tools);
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
await new Promise<void>((resolve) => process.stderr.write('', () => resolve()));
process.exit(code);
