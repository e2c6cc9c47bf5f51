// What kind of thing a model's name is. Pure: looks at the text alone.
import { QuernError } from '@quern/spec';

/** `owner/name`, with what else the text says. */
export interface HubRef {
  repo: string;
  revision: string;
  quant?: string;
  /** A file in the repository. */
  path?: string;
}

export type RefKind =
  /** An absolute http(s) or blob URL. */
  | { kind: 'url'; url: string }
  /** A path: relative to the page in a browser, of the file system in Node. */
  | { kind: 'path'; path: string }
  | { kind: 'hub'; hub: HubRef };

const FORMS =
  'a URL, owner/name, owner/name:Q4_K_M, owner/name/path/file.gguf (each with @revision if wanted), ./model.gguf or /models/model.gguf';
const REVISION = '(?:@(refs/pr/\\d+|[^@:/]+))?';
const HUB = new RegExp(
  `^([A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*)${REVISION}(?::([\\w-]+)|/([^@:]+))?${REVISION}$`,
);
const PAGE =
  /^https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/([\w.-]+\/[\w.-]+?)\/?(?:\/(?:tree|blob)\/([^/?#]+)\/?([^?#]*))?(?:[?#].*)?$/;

/**
 * Hub pages (`https://huggingface.co/owner/name`, `.../blob/main/x.gguf`) count as hub ids; URLs of bytes
 * (`.../resolve/...`) stay URLs. `owner/x.gguf` is a path, as no repository is named so.
 * Throws 'invalid-request' when the text is none of these.
 */
export function classifyRef(text: string): RefKind {
  const trimmed = text.trim();
  const page = PAGE.exec(trimmed);
  if (page?.[1] && !/^(api|datasets|spaces|docs)\//.test(page[1])) {
    return { kind: 'hub', hub: hubRef(page[1], page[2], undefined, decode(page[3])) };
  }
  if (/^(https?:\/\/|blob:)/i.test(trimmed)) {
    if (!URL.canParse(trimmed)) throw new QuernError('invalid-request', `${trimmed} is not a valid URL`);
    return { kind: 'url', url: trimmed };
  }
  const bare = trimmed.replace(/^(hf|hub):(\/\/)?/, '');
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(bare)?.[1];
  if (scheme !== undefined) {
    throw new QuernError('invalid-request', `cannot load over ${scheme}:; the model may be ${FORMS}`);
  }
  const looksLikePath =
    /^(\.{0,2}[\\/]|~|[A-Za-z]:[\\/])/.test(bare) || /^[^/\\]+\.(gguf|safetensors)$/i.test(bare);
  if (bare === trimmed && (looksLikePath || /^[^/]+\/[^/]+\.(gguf|safetensors)$/i.test(bare))) {
    return { kind: 'path', path: bare };
  }
  const match = HUB.exec(bare);
  if (match?.[1] && !match[1].includes('..') && !(match[2] && match[5]) && !hasDots(match[4])) {
    return { kind: 'hub', hub: hubRef(match[1], match[2] ?? match[5], match[3], match[4]) };
  }
  throw new QuernError('invalid-request', `"${trimmed}" names no model; it may be ${FORMS}`);
}

function hubRef(repo: string, revision = 'main', quant?: string, path?: string): HubRef {
  return { repo, revision, ...(quant && { quant }), ...(path && { path }) };
}

function hasDots(path: string | undefined): boolean {
  return path?.split('/').some((part) => part === '..' || part === '.' || part === '') ?? false;
}

function decode(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The one way to write a hub reference, e.g. for keys: `owner/name@main:Q4_K_M`. */
export function hubText({ repo, revision, quant, path }: HubRef): string {
  return `${repo}@${revision}${quant ? `:${quant}` : ''}${path ? `/${path}` : ''}`;
}
