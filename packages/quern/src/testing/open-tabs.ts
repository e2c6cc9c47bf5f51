// Tabs of a fake origin that share engines by election, for tests.

import { type Engine, makeEngine } from '../api/engine.ts';
import { standForElection } from '../client/tabs/election.ts';
import { lastingBackend } from '../client/tabs/lasting-backend.ts';
import type { LoadHooks } from '../api/load-hooks.ts';
import type { LoadRequest } from '../wire/host-api.ts';
import { requestKey } from '../wire/request-key.ts';
import { FakeOrigin, type FakeTab } from './fake-tab.ts';

const MODEL = 'https://m/x.gguf';

/** Every origin has a name, which keeps it from others: Node's BroadcastChannel knows nothing of origins. */
const names = new WeakMap<FakeOrigin, string>();
const opened: FakeOrigin[] = [];

/** `count` tabs of an origin of their own; the first that opens an engine leads. */
export function openTabs(count: number): { origin: FakeOrigin; tabs: FakeTab[] } {
  const origin = new FakeOrigin();
  names.set(origin, crypto.randomUUID());
  opened.push(origin);
  return { origin, tabs: Array.from({ length: count }, () => origin.openTab()) };
}

export function closeTabs(): void {
  for (const origin of opened.splice(0)) origin.close();
}

/** What tabs of an origin that ask for this find each other by. */
export function keyOf({ origin }: FakeTab, request: LoadRequest = { model: MODEL }): string {
  return `${names.get(origin)} ${requestKey(request)}`;
}

/** A shared engine, as createEngine makes it. */
export async function open(
  tab: FakeTab,
  options: Partial<LoadRequest> & LoadHooks & { pulseMs?: number } = {},
): Promise<Engine> {
  const { onProgress, onWarning, signal, pulseMs, ...rest } = options;
  const request = { model: MODEL, ...rest };
  const { locks, channel, start } = tab;
  const sharing = standForElection({ key: keyOf(tab, request), locks, channel, start, pulseMs });
  return makeEngine(await lastingBackend(sharing, request, { onProgress, onWarning, signal }));
}

/** How many workers each runs. */
export const workers = (tabs: FakeTab[]) => tabs.map(({ workers: count }) => count);

export const hi = { messages: [{ role: 'user' as const, content: 'Hi' }] };

export async function say(engine: Engine): Promise<string | null> {
  return (await engine.chat.completions.create(hi)).choices[0]!.message.content;
}

export const later = (ms = 0) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits for what must come, without saying how long it takes. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await later(2);
}
