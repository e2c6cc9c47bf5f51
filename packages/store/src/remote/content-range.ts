// Lengths and versions as HTTP headers tell them.

/** `bytes 0-99/1000` (RFC 9110 14.4). `end` is exclusive; `total` undefined for `*`. */
export interface ContentRange {
  start: number;
  end: number;
  total: number | undefined;
}

/** Undefined when the header is absent (or hidden by CORS) or makes no sense. */
export function parseContentRange(header: string | null): ContentRange | undefined {
  const match = /^\s*bytes\s+(\d+)-(\d+)\/(\d+|\*)\s*$/i.exec(header ?? '');
  if (!match) return undefined;
  const start = Number(match[1]);
  const end = Number(match[2]) + 1;
  const total = match[3] === '*' ? undefined : Number(match[3]);
  if (!Number.isSafeInteger(end) || end <= start) return undefined;
  if (total !== undefined && (!Number.isSafeInteger(total) || end > total)) return undefined;
  return { start, end, total };
}

/** The total of `bytes ...` with a 416: `bytes *\/1000`. */
export function unsatisfiedTotal(header: string | null): number | undefined {
  const match = /^\s*bytes\s+\*\/(\d+)\s*$/i.exec(header ?? '');
  return match ? Number(match[1]) : undefined;
}

/** Content-Length, unless the body is encoded (it then counts other bytes than arrive). */
export function contentLength(headers: Headers): number | undefined {
  const encoding = headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity') return undefined;
  const text = headers.get('content-length');
  if (text === null || !/^\d+$/.test(text)) return undefined;
  const length = Number(text);
  return Number.isSafeInteger(length) ? length : undefined;
}

/** What tells this version of a file from another: its ETag, else its date, else undefined. */
export function validatorOf(headers: Headers): string | undefined {
  const etag = headers.get('etag');
  if (etag) return etag;
  const modified = headers.get('last-modified');
  return modified ? `modified:${modified}` : undefined;
}
