// Split models: `name-00002-of-00005.gguf` (llama.cpp's gguf-split) and the shards of safetensors, named alike.
// Works on names, paths and URLs' paths.

const SPLIT = /^(.*)-(\d{5})-of-(\d{5})(\.gguf|\.safetensors)$/i;
/** A name may claim any number; this many parts would be a model of petabytes. */
const MAX_PARTS = 1024;

export interface SplitName {
  /** What stands before the number. */
  stem: string;
  /** From 1. */
  part: number;
  parts: number;
  /** With its dot, as written. */
  extension: string;
}

export function parseSplitName(name: string): SplitName | undefined {
  const match = SPLIT.exec(name);
  if (!match) return undefined;
  const part = Number(match[2]);
  const parts = Number(match[3]);
  if (part < 1 || part > parts || parts > MAX_PARTS) return undefined;
  return { stem: match[1] ?? '', part, parts, extension: match[4] ?? '' };
}

/** The names of all parts in order; the name alone if it is not of a split file. */
export function allParts(name: string): string[] {
  const split = parseSplitName(name);
  if (!split) return [name];
  const pad = (n: number): string => String(n).padStart(5, '0');
  return Array.from(
    { length: split.parts },
    (_, i) => `${split.stem}-${pad(i + 1)}-of-${pad(split.parts)}${split.extension}`,
  );
}
