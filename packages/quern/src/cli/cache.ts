// `quern cache`: what was downloaded, and what can be done with it.

import { type CachedModel, QuernError } from '@quern/spec';
import { parseArguments, text, type Values, wrong } from './arguments.ts';
import { progressLine } from './progress-line.ts';
import type { Command, Tools } from './tools.ts';
import { bytes, plain, table } from './words.ts';

type Action = (id: string, tools: Tools, values: Values) => Promise<void>;

const ACTIONS: Record<string, Action> = { delete: remove, verify, export: save };

export const cache: Command = {
  usage: `quern cache [--json]
quern cache delete|verify|export <id> ... [--to FOLDER]

  lists the models of the cache, last used first; deletes them; compares all that is stored of them with its SHA-256
  and drops what is damaged; or writes their files into a folder (default: this one)`,

  async run(args, tools) {
    const { positionals, values } = parseArguments(args, {
      json: { type: 'boolean' },
      to: { type: 'string' },
    });
    const [name, ...ids] = positionals;
    if (name === undefined || name === 'list') {
      await list(tools, values);
      return;
    }
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (!action)
      wrong(`quern cache can list, ${Object.keys(ACTIONS).join(', ')}; not ${JSON.stringify(name)}.`);
    if (ids.length === 0) wrong(`Which model? Give one or more ids, as quern cache lists them.`);
    const known = await tools.models.list();
    // All are looked up before the first is touched.
    const models = ids.map((id) => find(known, id));
    for (const { id } of models) await action(id, tools, values);
  },
};

async function list(tools: Tools, values: Values): Promise<void> {
  const [models, usage] = [await tools.models.list(), await tools.models.usage()];
  if (values['json'] === true) {
    tools.out(`${JSON.stringify({ models, usage })}\n`);
    return;
  }
  if (models.length > 0) tools.out(table(['id', 'size', 'stored', 'last used'], models.map(row)));
  const free = usage ? `; ${bytes(usage.usage)} on disk, ${bytes(usage.quota - usage.usage)} free` : '';
  tools.err(`${models.length === 1 ? '1 model' : `${models.length} models`}${free}\n`);
}

function row({ id, bytes: size, storedBytes, complete, lastUsed }: CachedModel): string[] {
  const stored = complete ? 'whole' : `${bytes(storedBytes)} of it`;
  return [plain(id), bytes(size), stored, new Date(lastUsed).toISOString().slice(0, 16).replace('T', ' ')];
}

/** By id, or by the name for people. */
function find(models: readonly CachedModel[], text: string): CachedModel {
  const found = models.find(({ id }) => id === text) ?? models.find(({ name }) => name === text);
  if (found) return found;
  throw new QuernError(
    'not-found',
    `the cache has no model ${JSON.stringify(text)}; quern cache lists what it has`,
  );
}

async function remove(id: string, tools: Tools): Promise<void> {
  await tools.models.delete(id);
  tools.err(`${plain(id)}: deleted\n`);
}

async function verify(id: string, tools: Tools): Promise<void> {
  const line = progressLine(tools);
  try {
    const { checked, damaged } = await tools.models.verify(id, {
      onProgress: line.show,
      signal: tools.signal,
    });
    line.clear();
    if (damaged === 0) tools.err(`${plain(id)}: ${checked} chunks, all as they came\n`);
    else {
      throw new QuernError(
        'storage-error',
        `${plain(id)}: ${damaged} of ${checked} chunks were damaged and are dropped; the next load or download ` +
          'fetches those alone',
      );
    }
  } finally {
    line.clear();
  }
}

async function save(id: string, tools: Tools, values: Values): Promise<void> {
  const { files } = find(await tools.models.list(), id);
  for (const { name } of files) {
    const path = await tools.save(text(values, 'to') ?? '.', name, tools.models.export(id, name));
    tools.out(`${plain(path)}\n`);
  }
}
