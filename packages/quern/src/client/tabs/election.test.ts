import { QuernError } from '@quern/spec';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../api/engine.ts';
import { PROGRESS } from '../../testing/fake-tab.ts';
import { closeTabs, hi, keyOf, later, open, openTabs, say, until, workers } from '../../testing/open-tabs.ts';
import { standForElection } from './election.ts';
import { lastingBackend } from './lasting-backend.ts';

const slow = { pieces: Array.from({ length: 500 }, () => 'x'), delayMs: 2 };

afterEach(() => {
  vi.unstubAllGlobals();
  closeTabs();
});

describe('tabs that want the same', () => {
  it('share the engine of one of them, opened at once or one after the other', async () => {
    const { origin, tabs } = openTabs(4);
    const engines = await Promise.all(tabs.slice(0, 3).map((tab) => open(tab)));
    engines.push(await open(tabs[3]!));
    expect(origin.engines).toHaveLength(1);
    expect(workers(tabs).toSorted()).toEqual([0, 0, 0, 1]);
    const answers = await Promise.all(engines.map((engine) => say(engine)));
    expect(answers).toEqual(Array.from({ length: 4 }, () => 'Hello world'));
    const infos = await Promise.all(engines.map((engine) => engine.info()));
    for (const info of infos) expect(info).toEqual(infos[0]);
  });

  it('each hear the progress of the load', async () => {
    const { origin, tabs } = openTabs(2);
    const seen = [0, 0];
    const { load } = origin;
    origin.load = async (request, hooks) => {
      // As a download does: on and on, and each tab hears it from where it came in.
      while (seen.includes(0)) {
        hooks.onProgress({ ...PROGRESS, file: String(request.model) });
        await later(1);
      }
      return load(request, hooks);
    };
    await Promise.all(tabs.map((tab, i) => open(tab, { onProgress: () => (seen[i]! += 1) })));
    expect(origin.engines).toHaveLength(1);
  });

  it('get engines of their own where options differ', async () => {
    const { origin, tabs } = openTabs(3);
    await open(tabs[0]!);
    await open(tabs[1]!, { contextLength: 512 });
    await open(tabs[2]!, { model: 'https://m/y.gguf' });
    expect(origin.engines).toHaveLength(3);
    expect(workers(tabs)).toEqual([1, 1, 1]);
  });

  it('each get their own answer, in order, streamed at the same time', async () => {
    const { origin, tabs } = openTabs(3);
    origin.script = { pieces: Array.from({ length: 200 }, (_, i) => `${i} `) };
    const engines = await Promise.all(tabs.map((tab) => open(tab)));
    const texts = await Promise.all(
      engines.map(async (engine) => {
        let text = '';
        for await (const chunk of engine.completions.create({ prompt: 'a', max_tokens: 200, stream: true }))
          text += chunk.choices[0]?.text ?? '';
        return text;
      }),
    );
    const whole = origin.script.pieces!.join('');
    expect(texts.every((text) => text === whole)).toBe(true);
  });

  it('are told why a load failed, and the next try can work', async () => {
    const { origin, tabs } = openTabs(2);
    const { load } = origin;
    origin.load = async () => {
      throw new QuernError('corrupt-file', 'bad magic');
    };
    const failed = await Promise.allSettled(tabs.map((tab) => open(tab)));
    for (const result of failed)
      expect(result).toMatchObject({ reason: { code: 'corrupt-file', message: 'bad magic' } });
    await until(() => workers(tabs).every((count) => count === 0));
    origin.load = load;
    expect(await say(await open(tabs[1]!))).toBe('Hello world');
  });
});

describe('a follower', () => {
  it('that dies in the middle of an answer frees its request at the leader, and nobody else', async () => {
    const { origin, tabs } = openTabs(3);
    origin.script = slow;
    const leader = await open(tabs[0]!);
    const dying = await open(tabs[1]!);
    const other = await open(tabs[2]!);
    void dying.chat.completions.create(hi).catch(() => undefined); // nobody is there to hear
    await until(() => origin.engines[0]!.produced > 3);
    tabs[1]!.close();
    await until(() => origin.engines[0]!.cancelled === 1);
    expect(origin.engines[0]!.produced).toBeLessThan(400);
    expect(origin.engines[0]!.unloads).toBe(0);
    const short = { ...hi, max_tokens: 2 };
    for (const engine of [leader, other])
      expect((await engine.chat.completions.create(short)).choices[0]!.message.content).toBe('xx');
  });

  it('cancels with its signal or by leaving the loop', async () => {
    const { origin, tabs } = openTabs(2);
    origin.script = slow;
    await open(tabs[0]!);
    const engine = await open(tabs[1]!);
    for await (const chunk of engine.completions.create({ prompt: 'a', stream: true })) {
      if (chunk.choices[0]!.text) break;
    }
    await until(() => origin.engines[0]!.cancelled === 1);
    const stop = new AbortController();
    const answer = engine.chat.completions.create(hi, { signal: stop.signal });
    await later(10);
    stop.abort();
    await expect(answer).rejects.toMatchObject({ code: 'aborted' });
    await until(() => origin.engines[0]!.cancelled === 2);
  });

  it('that unloads drops its own hold only', async () => {
    const { origin, tabs } = openTabs(2);
    const leader = await open(tabs[0]!);
    const engine = await open(tabs[1]!);
    await engine.unload();
    await expect(engine.info()).rejects.toMatchObject({ code: 'unloaded' });
    expect(origin.engines[0]!.unloads).toBe(0);
    expect(await say(leader)).toBe('Hello world');
  });
});

describe("a leader's end", () => {
  it('rejects what was running, and the next leader serves all that is left from a new load', async () => {
    const { origin, tabs } = openTabs(3);
    origin.script = slow;
    const progress: number[] = [];
    await open(tabs[0]!);
    const [second, third] = [
      await open(tabs[1]!, { onProgress: () => progress.push(1) }),
      await open(tabs[2]!),
    ];
    const running = [second, third].map((engine) => engine.chat.completions.create(hi));
    const outcomes = Promise.allSettled(running);
    await until(() => origin.engines[0]!.produced > 6);
    const before = progress.length;
    origin.script = {};
    tabs[0]!.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({
        reason: { code: 'device-lost', message: expect.stringContaining('send the request again') },
      });
    }
    expect(await say(second)).toBe('Hello world');
    expect(await say(third)).toBe('Hello world');
    expect(origin.engines).toHaveLength(2);
    expect(workers(tabs.slice(1)).toSorted()).toEqual([0, 1]);
    expect(progress.length).toBeGreaterThan(before);
    expect(await second.info()).toEqual(await third.info());
  });

  it('is no failure of what was asked before anybody noticed', async () => {
    const { origin, tabs } = openTabs(2);
    await open(tabs[0]!);
    const engine = await open(tabs[1]!);
    await engine.loadAdapter({ id: 'style', model: './lora/' });
    tabs[0]!.close();
    const asked = Promise.all([
      say(engine),
      engine.info(),
      engine.perplexity([4, 5, 6]),
      engine.profile('decode'),
    ]);
    await engine.unloadAdapter('style');
    const [text, info, { nll }] = await asked;
    expect([text, info.model, nll]).toEqual(['Hello world', 'fake-model', [1, 2]]);
    expect(origin.engines).toHaveLength(2);
    expect((await engine.info()).adapters).toEqual([]);
  });

  it('is not taken for the loss of its GPU, which the engine itself tells', async () => {
    const { origin, tabs } = openTabs(2);
    const error = new QuernError('device-lost', 'The GPU device was lost.');
    origin.script = { failure: { after: 0, error } };
    await open(tabs[0]!);
    const engine = await open(tabs[1]!);
    await expect(say(engine)).rejects.toMatchObject({ message: 'The GPU device was lost.' });
    expect(origin.engines).toHaveLength(1);
    expect(origin.engines[0]!.requests).toHaveLength(1);
  });

  it('brings no prompt of the first load into the next one', async () => {
    const { origin, tabs } = openTabs(2);
    const { load } = origin;
    const prompts: unknown[] = [];
    origin.load = (request, hooks) => {
      prompts.push(request.prompt);
      return load(request, hooks);
    };
    const prompt = { kind: 'text' as const, text: 'Once' };
    await open(tabs[0]!, { prompt });
    await open(tabs[1]!, { prompt });
    tabs[0]!.close();
    await until(() => origin.engines.length === 2);
    expect(prompts).toEqual([prompt, undefined]);
  });

  it('is outlived time and again, down to the last tab', async () => {
    const { origin, tabs } = openTabs(5);
    const engines: Engine[] = [];
    for (const tab of tabs) engines.push(await open(tab));
    for (let alive = tabs.length; alive > 1; alive--) {
      const leading = tabs.findIndex(({ workers: count }) => count === 1);
      tabs[leading]!.close();
      tabs.splice(leading, 1);
      engines.splice(leading, 1);
      await until(() => workers(tabs).includes(1));
      for (const engine of engines) expect(await say(engine)).toBe('Hello world');
    }
    expect(origin.engines).toHaveLength(5);
  });

  it('before the model is loaded lets the next one load it, and nobody notices', async () => {
    const { origin, tabs } = openTabs(3);
    const { load } = origin;
    let started = 0;
    origin.load = (request, hooks) => {
      started += 1;
      return started === 1 ? new Promise(() => undefined) : load(request, hooks);
    };
    void open(tabs[0]!).catch(() => undefined);
    await until(() => started === 1);
    const engines = tabs.slice(1).map((tab) => open(tab));
    await later(10);
    tabs[0]!.close();
    for (const engine of await Promise.all(engines)) expect(await say(engine)).toBe('Hello world');
    expect(origin.engines).toHaveLength(1);
  });

  it('by unload() alone keeps its worker serving, until the last follower goes', async () => {
    const { origin, tabs } = openTabs(3);
    const leader = await open(tabs[0]!);
    const [second, third] = [await open(tabs[1]!), await open(tabs[2]!)];
    await leader.unload();
    await expect(leader.info()).rejects.toMatchObject({ code: 'unloaded' });
    expect(workers(tabs)).toEqual([1, 0, 0]);
    expect(await say(second)).toBe('Hello world');
    await second.unload();
    expect(await say(third)).toBe('Hello world');
    expect(origin.engines).toHaveLength(1);
    await third.unload();
    expect(origin.engines[0]!.unloads).toBe(1);
    await until(() => workers(tabs).every((count) => count === 0));
    await later(5);
    expect(origin.locks.held).toEqual([]);
    expect(await say(await open(tabs[1]!))).toBe('Hello world');
  });

  it('by a worker that fails makes another start, though the tab lives', async () => {
    const { origin, tabs } = openTabs(2);
    const [first, second] = [await open(tabs[0]!), await open(tabs[1]!)];
    origin.locks.kill(origin.locks.held.find((name) => name.startsWith('quern-host'))!);
    await until(() => origin.engines.length === 2);
    expect(await say(first)).toBe('Hello world');
    expect(await say(second)).toBe('Hello world');
    expect(workers(tabs).toSorted()).toEqual([0, 1]);
  });

  it.each(['pagehide', 'freeze'])(
    'by its page being put aside (%s) hands over, and the page follows',
    async (type) => {
      vi.stubGlobal('window', new EventTarget());
      vi.stubGlobal('document', new EventTarget());
      const { origin, tabs } = openTabs(2);
      const [first, second] = [await open(tabs[0]!), await open(tabs[1]!)];
      (type === 'freeze' ? document : window).dispatchEvent(new Event(type));
      await until(() => origin.engines.length === 2);
      expect(await say(second)).toBe('Hello world');
      expect(await say(first)).toBe('Hello world');
      expect(workers(tabs)).toEqual([0, 1]);
    },
  );

  it('loads the adapters again that this tab had loaded', async () => {
    const { origin, tabs } = openTabs(2);
    await open(tabs[0]!);
    const engine = await open(tabs[1]!);
    await engine.loadAdapter({ id: 'style', model: './lora/' });
    await engine.loadAdapter({ id: 'gone', model: './gone/' });
    await engine.unloadAdapter('gone');
    tabs[0]!.close();
    await until(() => origin.engines.length === 2);
    expect((await engine.info()).adapters.map(({ id }) => id)).toEqual(['style']);
  });
});

describe('a leader that is suspended', () => {
  it('loses its lead to a tab that is seen, which serves all, and follows when it wakes', async () => {
    const { origin, tabs } = openTabs(3);
    origin.script = slow;
    const first = await open(tabs[0]!, { pulseMs: 20 });
    const second = await open(tabs[1]!, { pulseMs: 20 });
    const third = await open(tabs[2]!);
    const running = second.chat.completions.create(hi).catch((error: unknown) => error);
    await until(() => origin.engines[0]!.produced > 3);
    const wake = tabs[0]!.suspend();
    origin.script = {};
    expect(await running).toMatchObject({ code: 'device-lost' });
    for (const engine of [second, third]) expect(await say(engine)).toBe('Hello world');
    expect(origin.engines).toHaveLength(2);
    wake();
    expect(await first.info()).toEqual(await second.info());
    await until(() => workers(tabs).join() === '0,1,0');
    expect(origin.engines).toHaveLength(2);
  });

  it('is waited for by tabs that nobody sees, and a leader that answers keeps its lead', async () => {
    vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'hidden' }));
    const { origin, tabs } = openTabs(2);
    await open(tabs[0]!);
    const engine = await open(tabs[1]!, { pulseMs: 20 });
    const wake = tabs[0]!.suspend();
    await later(120);
    wake();
    expect(await say(engine)).toBe('Hello world');
    Object.assign(document, { visibilityState: 'visible' });
    await later(200);
    expect(await say(engine)).toBe('Hello world');
    expect(origin.engines).toHaveLength(1);
    expect(workers(tabs)).toEqual([1, 0]);
  });
});

it('a worker that does not start is told, and others may try', async () => {
  const { tabs } = openTabs(2);
  const start = () => {
    throw new QuernError('invalid-request', 'no workers here');
  };
  const { locks, channel } = tabs[0]!;
  const key = keyOf(tabs[0]!);
  const sharing = standForElection({ key, locks, channel, start });
  await expect(lastingBackend(sharing, { model: 'https://m/x.gguf' })).rejects.toThrow('no workers here');
  expect(await say(await open(tabs[1]!))).toBe('Hello world');
});
