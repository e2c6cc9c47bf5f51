import { QuernError } from '@quern/spec';
import { afterEach, describe, expect, it } from 'vitest';
import { closeTabs, hi, keyOf, later, open, openTabs, say, until } from '../../testing/open-tabs.ts';

afterEach(closeTabs);

describe('a host that cannot be had again', () => {
  it('is told to the next request, and tried again by the one after it', async () => {
    const { origin, tabs } = openTabs(2);
    const { load } = origin;
    await open(tabs[0]!);
    const engine = await open(tabs[1]!);
    let tries = 0;
    origin.load = async () => {
      tries += 1;
      throw new QuernError('network', 'no way');
    };
    tabs[0]!.close();
    await until(() => tries === 1);
    await later(5);
    await expect(engine.info()).rejects.toMatchObject({ code: 'network' });
    expect(tries).toBe(2);
    origin.load = load;
    expect(await say(engine)).toBe('Hello world');
  });

  it('leaves waiting calls with the abort of their own signal, or with unload()', async () => {
    const { origin, tabs } = openTabs(2);
    await open(tabs[0]!);
    const engine = await open(tabs[1]!);
    origin.load = () => new Promise(() => undefined);
    tabs[0]!.close();
    await until(() => tabs[1]!.workers === 1);
    const stop = new AbortController();
    const [aborted, waiting] = [
      engine.chat.completions.create(hi, { signal: stop.signal }),
      engine.chat.completions.create(hi).catch((error: unknown) => error),
    ];
    await later(5);
    stop.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
    await engine.unload();
    expect(await waiting).toMatchObject({ code: 'unloaded' });
    await until(() => tabs[1]!.workers === 0);
  });

  it('is given up where every load kills its worker', async () => {
    const { origin, tabs } = openTabs(1);
    let loads = 0;
    origin.load = () => {
      loads += 1;
      origin.locks.kill(origin.locks.held.find((name) => name.startsWith('quern-host'))!);
      return new Promise(() => undefined);
    };
    await expect(open(tabs[0]!)).rejects.toMatchObject({ code: 'device-lost' });
    expect(loads).toBe(3);
    await until(() => tabs[0]!.workers === 0);
  });

  it('ends a load that is aborted while nobody leads or answers', async () => {
    const { origin, tabs } = openTabs(1);
    const other = origin.openTab();
    const key = keyOf(tabs[0]!);
    void other.locks.request(`quern-leader-${key}`, () => new Promise(() => undefined)); // a tab that hangs
    const stop = new AbortController();
    const opening = open(tabs[0]!, { signal: stop.signal });
    await later(10);
    stop.abort();
    await expect(opening).rejects.toMatchObject({ code: 'aborted' });
    expect(origin.engines).toEqual([]);
  });
});
