// Asks the browser to keep what the origin stores. Only windows may ask: workers have no such call.

/** True if it will. Chromium decides by itself; Firefox asks the person. */
export async function persist(): Promise<boolean> {
  const storage = globalThis.navigator?.storage;
  if (!storage) return false; // the page is not secure
  try {
    return (await storage.persisted()) || (await storage.persist());
  } catch {
    return false; // private windows refuse
  }
}
