// The Hugging Face hub, or a mirror with the same paths: which files a reference stands for.
// API: GET {base}/api/models/{repo}/tree/{revision}?recursive=true, pages linked by the Link header;
// bytes: GET {base}/{repo}/resolve/{revision}/{path} (huggingface.co/docs/hub/api).
import { QuernError, throwIfAborted } from '@quern/spec';
import { publicUrl } from '../remote/file-key.ts';
import type { HttpOptions } from '../remote/http-request.ts';
import { httpOf, Interrupted, request, triesOf } from '../remote/http-request.ts';
import type { HubRef } from './model-ref.ts';
import { hubText } from './model-ref.ts';
import { chooseModel, ggufModels, quantWithin } from './quant-choice.ts';
import { safetensorsModel, withBeside } from './safetensors-choice.ts';
import { allParts } from './split-name.ts';

export const HUB_URL = 'https://huggingface.co';
/** A listing's pages and bytes that are read at most. */
const MAX_PAGES = 50;
const MAX_PAGE_BYTES = 16 * 2 ** 20;

export interface HubOptions extends HttpOptions {
  /** A mirror's base URL; else HUB_URL. */
  hubUrl?: string;
  /** For private and gated repositories. Sent to `hubUrl` only. */
  token?: string;
  /**
   * Bytes of a model that this device can take, undefined where it cannot tell. Asked where a repository has several
   * quantisations and none is named: then one that fits is taken.
   */
  maxBytes?: () => Promise<number | undefined>;
  /** Hears of what does not end the load: a store that fails, a model that is too large for the device. */
  onWarning?: (warning: QuernError) => void;
  signal?: AbortSignal;
}

export interface HubPlace {
  path: string;
  url: string;
  /** The cache key, the same whatever mirror is used. */
  key: string;
}

export interface HubFile extends HubPlace {
  byteLength: number;
  /** Of the whole file, where the hub knows it (LFS). */
  sha256?: string;
}

interface TreeEntry {
  path: string;
  byteLength: number;
  sha256?: string;
}

/**
 * The files of the model, parts of a split one in order. Throws 'not-found' (no such repository,
 * revision, file or quantisation: says what there is), 'invalid-request' (several fit), 'network', 'aborted'.
 */
export async function resolveHub(ref: HubRef, options: HubOptions = {}): Promise<HubFile[]> {
  const tree = await listTree(ref, options);
  const byPath = new Map(tree.map((entry) => [entry.path, entry]));
  const paths = ref.path ? namedFile(ref, ref.path, byPath) : await chooseFiles(ref, byPath, options);
  return paths.map((path) => {
    const entry = byPath.get(path);
    return {
      ...hubPlace(ref, path, options),
      byteLength: entry?.byteLength ?? 0,
      ...(entry?.sha256 && { sha256: entry.sha256 }),
    };
  });
}

function baseOf(options: HubOptions): string {
  const base = options.hubUrl ?? HUB_URL;
  if (/^https?:/.test(base) && URL.canParse(base)) return base.replace(/\/+$/, '');
  throw new QuernError('invalid-request', `"${base}" is not the http(s) address of a hub`);
}

export function hubOrigin(options: HubOptions): string {
  return new URL(baseOf(options)).origin;
}

/** Where a file of a repository is. */
export function hubPlace(ref: HubRef, path: string, options: HubOptions): HubPlace {
  return {
    path,
    url: `${baseOf(options)}/${ref.repo}/resolve/${encodeURIComponent(ref.revision)}/${encodePath(path)}`,
    key: `hub:${ref.repo}@${ref.revision}/${path}`,
  };
}

/** Headers that carry the token to the hub. */
export function hubHeaders(options: HubOptions): Record<string, string> {
  return options.token === undefined
    ? { ...options.headers }
    : { ...options.headers, authorization: `Bearer ${options.token}` };
}

/** A GGUF where there is one, else the repository's safetensors. */
async function chooseFiles(
  ref: HubRef,
  tree: ReadonlyMap<string, TreeEntry>,
  options: HubOptions,
): Promise<string[]> {
  const where = `${ref.repo}@${ref.revision}`;
  const paths = [...tree.keys()];
  const models = ggufModels(paths);
  const plain = ref.quant === undefined && models.length === 0;
  const safetensors = plain ? safetensorsModel(paths, where) : undefined;
  if (safetensors) return safetensors;
  if (ref.quant !== undefined || models.length < 2) return chooseModel(paths, ref.quant, where).paths;
  const maxBytes = (await options.maxBytes?.()) ?? Infinity;
  const { quant, bytes } = quantWithin(models, maxBytes, (path) => tree.get(path)?.byteLength ?? 0);
  if (bytes > maxBytes) {
    const gigabytes = (n: number): string => `${(n / 1e9).toFixed(1)} GB`;
    options.onWarning?.(
      new QuernError(
        'out-of-memory',
        `no quantisation of ${where} fits into the ${gigabytes(maxBytes)} that this device has for it; the smallest, ${quant} with ${gigabytes(bytes)}, is taken`,
      ),
    );
  }
  return chooseModel(paths, quant, where).paths;
}

function namedFile(ref: HubRef, path: string, tree: ReadonlyMap<string, TreeEntry>): string[] {
  const parts = allParts(path);
  const missing = parts.find((part) => !tree.has(part));
  if (missing === undefined) {
    return /\.safetensors$/i.test(path) ? withBeside(path, [...tree.keys()]) : parts;
  }
  const models = [...tree.keys()].filter((name) => /\.(gguf|safetensors)$/i.test(name));
  const shown = models.slice(0, 20).join(', ') || 'no GGUF or safetensors file at all';
  throw new QuernError('not-found', `${ref.repo}@${ref.revision} has no ${missing}; there are: ${shown}`);
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

async function listTree(ref: HubRef, options: HubOptions): Promise<TreeEntry[]> {
  const base = baseOf(options);
  const entries: TreeEntry[] = [];
  const revision = encodeURIComponent(ref.revision);
  let url: string | undefined = `${base}/api/models/${ref.repo}/tree/${revision}?recursive=true`;
  for (let page = 0; url !== undefined; page++) {
    if (page === MAX_PAGES) {
      throw new QuernError('network', `${publicUrl(url)}: the listing has more than ${MAX_PAGES} pages`);
    }
    const { text, next } = await readPage(url, ref, options);
    entries.push(...parseTree(text, url));
    url = nextPage(next, base);
  }
  return entries;
}

async function readPage(
  url: string,
  ref: HubRef,
  options: HubOptions,
): Promise<{ text: string; next: string | null }> {
  const http = { ...httpOf(options), headers: hubHeaders(options) };
  const tries = triesOf(http, url, options.signal);
  for (;;) {
    try {
      const answer = await request(http, url, {}, tries, options.signal);
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      let length = 0;
      for (let piece = await answer.read(); piece; piece = await answer.read()) {
        length += piece.length;
        if (length > MAX_PAGE_BYTES) {
          answer.cancel();
          throw new QuernError('network', `${publicUrl(url)}: the listing is larger than 16 MiB`);
        }
        pieces.push(piece.slice());
      }
      return { text: await new Blob(pieces).text(), next: answer.headers.get('link') };
    } catch (error) {
      throwIfAborted(options.signal);
      if (error instanceof Interrupted) await tries.failed(error.message);
      else throw explain(error, ref);
    }
  }
}

function explain(error: unknown, ref: HubRef): unknown {
  if (!QuernError.is(error)) return error;
  if (error.code === 'not-found') {
    return new QuernError('not-found', `there is no model ${hubText(ref)} on the hub (${error.message})`, {
      cause: error,
    });
  }
  // The hub gives 401 for repositories that do not exist, lest it tell which private ones do.
  if (/HTTP 40[13]/.test(error.message)) {
    return new QuernError(
      'not-found',
      `${hubText(ref)}: there is no such model on the hub, or it is private or gated and needs a token (${error.message})`,
      { cause: error },
    );
  }
  return error;
}

function parseTree(text: string, url: string): TreeEntry[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = undefined;
  }
  if (!Array.isArray(list)) {
    throw new QuernError('network', `${publicUrl(url)} gave no file listing: is this a hub?`);
  }
  return list.map(toEntry).filter((entry) => entry !== undefined);
}

function toEntry(value: unknown): TreeEntry | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, path, size, lfs } = value as Record<string, unknown>;
  if (type !== 'file' || typeof path !== 'string' || !Number.isSafeInteger(size)) return undefined;
  if (path.split('/').includes('..')) return undefined;
  const oid = typeof lfs === 'object' && lfs !== null ? (lfs as Record<string, unknown>).oid : undefined;
  const entry: TreeEntry = { path, byteLength: size as number };
  if (typeof oid === 'string' && /^[0-9a-f]{64}$/.test(oid)) entry.sha256 = oid;
  return entry;
}

/** RFC 8288; only on the hub itself, as the token goes along. */
function nextPage(link: string | null, base: string): string | undefined {
  const target = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, base)) return undefined;
  const url = new URL(target, base);
  return url.origin === new URL(base).origin ? url.href : undefined;
}
