// What makes two load requests the same: the worker shares an engine by it, and tabs find each other by it.

import { classifyRef, hubText } from '@quern/store';
import { isList, type LoadRequest } from './host-api.ts';

const NOT_THE_ENGINE: ReadonlySet<string> = new Set(['token', 'prompt']);

/**
 * Equal for requests that one engine can serve, from whatever page they come, whoever pays for the download and whatever
 * it is asked first.
 * Nameless blobs and folders are never taken for one another. Throws 'invalid-request' for text that names no model.
 */
export function requestKey({
  model,
  baseUrl,
  numerics = 'exact',
  variants = {},
  ...options
}: LoadRequest): string {
  const files = (isList(model) ? [...model] : [model]).map((ref) => {
    if (typeof ref === 'string') return placeOf(ref, baseUrl);
    return ref instanceof File ? [ref.name, ref.size, ref.lastModified] : [crypto.randomUUID()];
  });
  // Every other option, those of tomorrow too, makes another engine.
  const others = Object.entries(options).filter(
    ([name, value]) => !NOT_THE_ENGINE.has(name) && value !== undefined,
  );
  return JSON.stringify([files, numerics, Object.entries(variants).toSorted(), others.toSorted()]);
}

function placeOf(ref: string, baseUrl: string | undefined): string {
  const found = classifyRef(ref);
  if (found.kind === 'hub') return hubText(found.hub);
  const text = found.kind === 'url' ? found.url : found.path;
  return URL.canParse(text, baseUrl) ? new URL(text, baseUrl).href : text;
}
