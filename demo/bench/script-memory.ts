// What the page's scripts hold: of all of them where the browser tells (an isolated page), else the page's own heap, which
// the worker is no part of, else nothing.

export interface ScriptMemory {
  bytes: number;
  /** 'agents': the page and its workers, with their buffers. 'page': the heap of the page alone. */
  of: 'agents' | 'page';
}

interface Measures {
  measureUserAgentSpecificMemory?: () => Promise<{ bytes: number }>;
  memory?: { usedJSHeapSize: number };
}

/** The larger of `before` and what is held now; undefined where the browser does not tell. */
export async function moreMemory(before: ScriptMemory | undefined): Promise<ScriptMemory | undefined> {
  const now = await scriptMemory();
  return now && before && before.bytes > now.bytes ? before : now;
}

async function scriptMemory(): Promise<ScriptMemory | undefined> {
  const measures: Measures = performance as Measures;
  if (crossOriginIsolated && measures.measureUserAgentSpecificMemory) {
    return { bytes: (await measures.measureUserAgentSpecificMemory()).bytes, of: 'agents' };
  }
  return measures.memory && { bytes: measures.memory.usedJSHeapSize, of: 'page' };
}
