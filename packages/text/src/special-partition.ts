// Cuts a text into special tokens and the fragments between them, as llama.cpp's tokenizer_st_partition
// does: the longest special token takes all its places first, then the next longest what is left.

import { TOKEN_CONTROL, TOKEN_UNKNOWN, TOKEN_USER_DEFINED } from './vocabulary.ts';

interface TrieNode {
  next: Map<number, TrieNode>;
  id?: number;
}

/** Parts are ids (special tokens) and strings (never empty). */
export type Part = number | string;

export function createPartition(
  tokens: readonly string[],
  types: Uint8Array,
  rstripIds: ReadonlySet<number>,
): (text: string, parseSpecial: boolean) => Part[] {
  const root: TrieNode = { next: new Map() };
  const byteLengths = new Map<number, number>();
  const encoder = new TextEncoder();
  types.forEach((type, id) => {
    const token = tokens[id];
    if (!token || (type !== TOKEN_CONTROL && type !== TOKEN_USER_DEFINED && type !== TOKEN_UNKNOWN)) return;
    let node = root;
    for (let i = 0; i < token.length; i++) {
      const unit = token.charCodeAt(i);
      let next = node.next.get(unit);
      if (!next) node.next.set(unit, (next = { next: new Map() }));
      node = next;
    }
    node.id ??= id;
    byteLengths.set(id, encoder.encode(token).length);
  });

  return (text, parseSpecial) => {
    if (text === '') return [];
    // Vocabularies carry thousands of special tokens; only those that occur anywhere are tried.
    const present = [...occurring(root, text)]
      .filter((id) => parseSpecial || types[id] === TOKEN_USER_DEFINED)
      .sort((a, b) => (byteLengths.get(b) ?? 0) - (byteLengths.get(a) ?? 0) || a - b);
    let parts: Part[] = [text];
    for (const id of present)
      parts = parts.flatMap((part) => cut(part, id, tokens[id] ?? '', rstripIds.has(id)));
    return parts;
  };
}

function occurring(root: TrieNode, text: string): Set<number> {
  const found = new Set<number>();
  for (let start = 0; start < text.length; start++) {
    let node: TrieNode | undefined = root.next.get(text.charCodeAt(start));
    for (let at = start + 1; node; at++) {
      if (node.id !== undefined) found.add(node.id);
      node = at < text.length ? node.next.get(text.charCodeAt(at)) : undefined;
    }
  }
  return found;
}

function cut(part: Part, id: number, token: string, rstrip: boolean): Part[] {
  if (typeof part === 'number') return [part];
  const out: Part[] = [];
  let rest = part;
  while (rest !== '') {
    const at = rest.indexOf(token);
    if (at < 0) {
      out.push(rest);
      break;
    }
    if (at > 0) out.push(rest.slice(0, at));
    out.push(id);
    rest = rest.slice(at + token.length);
    // C's isspace: ASCII only.
    if (rstrip) rest = rest.replace(/^[ \t\n\v\f\r]+/, '');
  }
  return out;
}
