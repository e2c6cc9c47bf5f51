// From what a caller calls a model to the byte sources of its files.
import type { ByteSource } from '@quern/spec';
import { QuernError, throwIfAborted } from '@quern/spec';
import { openBlob } from './blob-source.ts';
import type { ByteBudget } from '../reading/byte-budget.ts';
import type { CachedOptions } from '../reading/cached-source.ts';
import { openCached } from '../reading/cached-source.ts';
import { ChunkPool } from '../reading/chunk-pool.ts';
import type { ChunkStore, StoredFile } from '../chunk-stores/chunk-store.ts';
import { isComplete } from '../chunk-stores/chunk-store.ts';
import type { Locks } from '../reading/download-turn.ts';
import { keyOfUrl } from '../remote/file-key.ts';
import type { HubOptions, HubPlace } from './hub.ts';
import { hubHeaders, hubOrigin, hubPlace, resolveHub } from './hub.ts';
import type { HubRef } from './model-ref.ts';
import { classifyRef, hubText } from './model-ref.ts';
import { isFileHandle, isFolderHandle, openFileHandle, openFolderHandle } from './picked-handle.ts';
import { BESIDE_WEIGHTS, SAFETENSORS_INDEX } from './safetensors-choice.ts';
import { allParts, parseSplitName } from './split-name.ts';
import { storageError } from '../chunk-stores/storage-error.ts';
import { openUrl } from '../remote/url-source.ts';

/** A URL, hub id or path (see classifyRef), a File or Blob, or a file that the user picked or of OPFS. */
export type FileRef = string | Blob | FileSystemFileHandle;

/** One of these, a list of them, or a folder that the user opened or of OPFS. */
export type ModelRef = FileRef | FileSystemDirectoryHandle | readonly FileRef[];

export interface OpenModelOptions extends HubOptions {
  /** Where chunks are kept; without it nothing is cached. */
  store?: ChunkStore;
  /** What network, store and reader share; the reader takes of the 'empty' side what it holds itself. */
  budget?: ByteBudget;
  /** So that tabs of an origin download a file once; navigator.locks if undefined. */
  locks?: Locks;
  /** What relative URLs are relative to: the page's address. */
  baseUrl?: string;
}

/** An index has about 100 bytes a tensor; the largest models have 100 000 tensors. */
const MAX_INDEX_BYTES = 64 * 2 ** 20;

/** Opens what a path stands for; unless `alone`, other files of the model are named too. */
export type PathOpener = (path: string, pool: ChunkPool, alone: boolean) => Promise<ByteSource[]>;

/**
 * The model's files in order, parts of a split GGUF after one another. `options.signal` governs later
 * reads too. Close all of them when done. Throws 'not-found', 'network', 'invalid-request', 'aborted'.
 */
export function openModel(ref: ModelRef, options: OpenModelOptions = {}): Promise<ByteSource[]> {
  return openModelWith(ref, options, (path, pool, alone) => {
    if (options.baseUrl === undefined || !URL.canParse(path, options.baseUrl)) {
      throw new QuernError(
        'invalid-request',
        `"${path}" is relative, but no base URL was given; pass a whole URL, or baseUrl`,
      );
    }
    return openUrlParts(new URL(path, options.baseUrl).href, options, pool, alone);
  });
}

/** As openModel, with a say in what paths are. */
export async function openModelWith(
  ref: ModelRef,
  options: OpenModelOptions,
  openPath: PathOpener,
): Promise<ByteSource[]> {
  throwIfAborted(options.signal);
  if (isFolderHandle(ref)) return openFolderHandle(ref);
  const refs = isOne(ref) ? [ref] : ref;
  if (refs.length === 0) throw new QuernError('invalid-request', 'the list of model files is empty');
  const pool = new ChunkPool(options.budget);
  const groups = await openAll(refs, (one) => openOne(one, options, openPath, pool, refs.length === 1));
  return inOrder(groups.flat());
}

/** Not a list of files. */
export function isOne(ref: FileRef | readonly FileRef[]): ref is FileRef {
  return typeof ref === 'string' || ref instanceof Blob || isFileHandle(ref);
}

async function openOne(
  ref: FileRef,
  options: OpenModelOptions,
  openPath: PathOpener,
  pool: ChunkPool,
  alone: boolean,
): Promise<ByteSource[]> {
  if (isFileHandle(ref)) return [await openFileHandle(ref)];
  if (typeof ref !== 'string') return [openBlob(ref)];
  const found = classifyRef(ref);
  if (found.kind === 'path') return openPath(found.path, pool, alone);
  if (found.kind === 'url') return openUrlParts(found.url, options, pool, alone);
  return openHub(found.hub, options, pool);
}

async function openUrlParts(
  url: string,
  options: OpenModelOptions,
  pool: ChunkPool,
  alone: boolean,
): Promise<ByteSource[]> {
  const parsed = new URL(url);
  if (alone && /(\.safetensors|\/)$/i.test(parsed.pathname)) return openUrlFolder(parsed, options, pool);
  const paths = alone && parsed.protocol !== 'blob:' ? allParts(parsed.pathname) : [];
  if (paths.length < 2) return [await openRemoteFile(url, options, { pool })];
  return openAll(paths, (path) => {
    const part = new URL(url);
    part.pathname = path;
    return openRemoteFile(part.href, options, { pool });
  });
}

/**
 * A folder on a server, named by its address with a '/' or by a file of weights in it. Servers give no listing:
 * files that need not be there are asked for, and the index tells the shards.
 */
async function openUrlFolder(url: URL, options: OpenModelOptions, pool: ChunkPool): Promise<ByteSource[]> {
  const at = (name: string): string => new URL(name + url.search, url).href;
  const given = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  const open = (name: string) => openRemoteFile(at(name), options, { pool });
  const besides = (await besidesKept(at, given, options.store)) ?? BESIDE_WEIGHTS;
  const beside = await openAll(besides, async (name) => {
    // A single file is a model of its own: the index speaks of others.
    if (name === SAFETENSORS_INDEX && given !== '' && allParts(given).length === 1) return [];
    return open(name).then(
      (source) => [source],
      (error: unknown) => {
        if (QuernError.is(error) && error.code === 'not-found') return [];
        throw error;
      },
    );
  });
  const files = beside.flat();
  try {
    const index = files.find(({ name }) => name === SAFETENSORS_INDEX);
    const weights = given !== '' ? allParts(given) : await shardsOf(index, options.signal);
    return [...files, ...(await openAll(weights, open))];
  } catch (error) {
    await Promise.allSettled(files.map((source) => source.close()));
    throw error;
  }
}

/**
 * What lies beside weights that are cached whole, undefined where they are not. All of it was asked for before them, so
 * what is not there now was not there then, and a visit without a network need not ask again.
 */
async function besidesKept(
  at: (name: string) => string,
  given: string,
  store: ChunkStore | undefined,
): Promise<string[] | undefined> {
  const isKept = async (name: string): Promise<boolean> => {
    const file = await store?.find(keyOfUrl(at(name))).catch(() => undefined);
    return file !== undefined && isComplete(file);
  };
  const weights = given !== '' ? allParts(given) : ['model.safetensors'];
  const whole = (await Promise.all(weights.map(isKept))).every(Boolean);
  if (!whole && (given !== '' || !(await isKept(SAFETENSORS_INDEX)))) return undefined;
  const kept = await Promise.all(BESIDE_WEIGHTS.map(isKept));
  const names = BESIDE_WEIGHTS.filter((_, i) => kept[i]);
  // Every model and every adapter has one: without it the store had failed.
  return names.some((name) => /^(adapter_)?config\.json$/.test(name)) ? names : undefined;
}

/** The files that an index names, in order; checked by the room that reads them. */
async function shardsOf(index: ByteSource | undefined, signal: AbortSignal | undefined): Promise<string[]> {
  if (index === undefined) return ['model.safetensors'];
  if (index.byteLength > MAX_INDEX_BYTES) {
    throw new QuernError('corrupt-file', `${index.name} has ${index.byteLength} bytes; no index is so long`);
  }
  const text = new TextDecoder().decode(await index.read(0, index.byteLength, signal));
  const names = [...text.matchAll(/:\s*"([^"/\\]+\.safetensors)"/g)].map(([, name]) => name!);
  return [...new Set(names)].sort();
}

function openRemoteFile(
  url: string,
  options: OpenModelOptions,
  more: Partial<CachedOptions>,
): Promise<ByteSource> {
  const { store } = options;
  // The token is the hub's; other servers get only what `headers` says.
  const atHub = new URL(url).origin === hubOrigin(options);
  const all = { ...options, ...more, headers: atHub ? hubHeaders(options) : { ...options.headers } };
  return store ? openCached(url, { ...all, store }) : openUrl(url, all);
}

async function openHub(hub: HubRef, options: OpenModelOptions, pool: ChunkPool): Promise<ByteSource[]> {
  const ref = hubText(hub);
  const files: Array<HubPlace & { sha256?: string }> =
    (await cachedFiles(hub, ref, options)) ?? (await resolveHub(hub, options));
  return openAll(files, (file, index) =>
    openRemoteFile(file.url, options, {
      ...(file.sha256 !== undefined && { sha256: file.sha256 }),
      pool,
      key: file.key,
      name: file.path.split('/').pop() ?? file.path,
      mark: { ref, index, count: files.length },
    }),
  );
}

/** The files that this very reference stood for, if all of them are cached whole: then the hub is not asked. */
async function cachedFiles(
  hub: HubRef,
  ref: string,
  options: OpenModelOptions,
): Promise<HubPlace[] | undefined> {
  const { store, onWarning } = options;
  let stored: StoredFile[];
  try {
    stored = (await store?.list()) ?? [];
  } catch (error) {
    onWarning?.(storageError(error, 'the model cache cannot be read'));
    return undefined;
  }
  const found: StoredFile[] = [];
  let count = 0;
  for (const file of stored) {
    const mark = file.marks.find((mark) => mark.ref === ref);
    if (!mark || !isComplete(file)) continue;
    // A later resolution may have had another number of files: they must agree.
    if (count !== 0 && mark.count !== count) return undefined;
    count = mark.count;
    found[mark.index] = file;
  }
  if (count === 0 || found.filter(Boolean).length !== count) return undefined;
  const prefix = hubPlace(hub, '', options).key;
  return found.map((file) => hubPlace(hub, file.key.slice(prefix.length), options));
}

/** Opens one after another; closes those that are open when one fails. */
async function openAll<T, R>(
  items: readonly T[],
  open: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const opened: R[] = [];
  try {
    for (const [index, item] of items.entries()) opened.push(await open(item, index));
    return opened;
  } catch (error) {
    const sources = opened.flat() as ByteSource[];
    await Promise.allSettled(sources.map((source) => source.close()));
    throw error;
  }
}

/** Parts of one split file, chosen or dropped in any order, come in theirs. */
function inOrder(sources: ByteSource[]): ByteSource[] {
  const names = sources.map((source) => parseSplitName(source.name));
  const [first] = names;
  if (!first || !names.every((name) => name?.stem === first.stem)) return sources;
  const part = (source: ByteSource): number => parseSplitName(source.name)?.part ?? 0;
  return sources.sort((a, b) => part(a) - part(b));
}
