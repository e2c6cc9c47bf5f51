// One loaded engine for all tabs of an origin: in a SharedWorker where that has WebGPU, else in the worker of
// one tab, whose place another takes. The package as it is built, a tiny model, pages of one browser.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright/test';
import type { Engine } from 'quern';
import { buildIfStale } from '../../scripts/build/fresh.js';
import { DIST } from '../../scripts/build/paths.js';
import { serveFiles, type FileServer } from '../servers/files.ts';
import { readTiny } from '../servers/models.ts';
import { expect, test } from './fixtures.ts';

const MODEL = '/tiny.gguf';
const STRICT = { 'content-security-policy': "default-src 'self'" };

let server: FileServer;
let modelBytes: number;

test.beforeAll(async () => {
  for (const part of ['page', 'worker']) await buildIfStale(part);
  const model = await readTiny();
  modelBytes = model.length;
  const files = new Map<string, Uint8Array>([
    ['/index.html', new Uint8Array(Buffer.from('<!doctype html><title>A tab</title>'))],
    [MODEL, model],
  ]);
  for (const name of await readdir(DIST))
    if (name.endsWith('.js')) files.set(`/${name}`, new Uint8Array(await readFile(join(DIST, name))));
  server = await serveFiles(files, STRICT);
});
test.afterAll(() => server?.close());

/** What the tests keep on a page between their calls. */
interface Tab {
  engine: Engine;
  /** Events of the load so far. */
  progress: number;
  running?: Promise<string>;
}
declare global {
  var tab: Tab;
}

async function openTab(context: BrowserContext, path = '/'): Promise<Page> {
  const page = await context.newPage();
  await page.goto(server.url + path);
  return page;
}

async function load(page: Page): Promise<void> {
  await page.evaluate(async (model) => {
    const { createEngine } = (await import(
      new URL('/index.js', location.href).href
    )) as typeof import('quern');
    globalThis.tab = { progress: 0 } as Tab;
    const onProgress = () => void (tab.progress += 1);
    tab.engine = await createEngine({ model, shared: true, onProgress });
  }, MODEL);
}

const ask = (page: Page) =>
  page.evaluate(async () => {
    const { choices } = await tab.engine.completions.create({
      prompt: 'To be',
      max_tokens: 6,
      temperature: 0,
      ignore_eos: true,
    });
    return choices[0]!.text;
  });

const info = (page: Page) => page.evaluate(() => tab.engine.info());

/** How many dedicated workers the pages run. */
const workers = (pages: Page[]) => pages.map((page) => page.workers().length);

test('tabs share one engine in a SharedWorker, which outlives the tab that started it', async ({
  context,
}) => {
  const before = server.sent(MODEL);
  const [first, second] = [await openTab(context), await openTab(context, '/?another')];
  await Promise.all([load(first), load(second)]);
  expect(workers([first, second])).toEqual([0, 0]);
  expect(server.sent(MODEL) - before).toBeLessThan(modelBytes * 1.5);
  const answer = await ask(first);
  expect(answer).toMatch(/\S/);
  expect(await ask(second)).toBe(answer);
  expect(await info(second)).toEqual(await info(first));

  await first.close();
  expect(await ask(second)).toBe(answer);
  const third = await openTab(context);
  await load(third);
  expect(await info(third)).toEqual(await info(second)); // its times of loading too: nothing was loaded again
  expect(server.sent(MODEL) - before).toBeLessThan(modelBytes * 1.5);
});

test('a SharedWorker that dies is started again, and the engines of its tabs stay good', async ({
  context,
}) => {
  const tabs = [await openTab(context), await openTab(context)];
  await Promise.all(tabs.map(load));
  const answer = await ask(tabs[0]!);
  const before = server.sent(MODEL);
  expect((await info(tabs[0]!)).timings.bytesFetched).toBeGreaterThan(0);
  const devtools = await context.newCDPSession(tabs[0]!);
  const { targetInfos } = await devtools.send('Target.getTargets');
  const [worker] = targetInfos.filter(({ type }) => type === 'shared_worker');
  await devtools.send('Target.closeTarget', { targetId: worker!.targetId });
  await expect
    .poll(() => Promise.all(tabs.map(ask)).catch((error: Error) => error.message))
    .toEqual([answer, answer]);
  expect((await info(tabs[0]!)).timings.bytesFetched).toBe(0); // loaded again, from the cache
  expect(await info(tabs[1]!)).toEqual(await info(tabs[0]!));
  expect(server.sent(MODEL)).toBe(before);
});

test('without a SharedWorker one tab leads, and when it is closed another does', async ({ context }) => {
  await context.addInitScript(() => {
    Reflect.deleteProperty(globalThis, 'SharedWorker');
  });
  const before = server.sent(MODEL);
  const leader = await openTab(context);
  await load(leader);
  const followers = [await openTab(context), await openTab(context)];
  await Promise.all(followers.map(load));
  expect(workers([leader, ...followers])).toEqual([1, 0, 0]);
  const answer = await ask(leader);
  expect(await Promise.all(followers.map(ask))).toEqual([answer, answer]);
  expect(await info(followers[0]!)).toEqual(await info(leader));

  // An answer that is being written when the leader goes says so; the engine object stays good.
  const [one, other] = followers as [Page, Page];
  await one.evaluate(async () => {
    const request = { prompt: 'a', max_tokens: 400, ignore_eos: true, stream: true } as const;
    const answers = async function* () {
      for (let i = 0; i < 20; i++) yield* tab.engine.completions.create(request);
    };
    const iterator = answers();
    await iterator.next();
    tab.running = (async () => {
      try {
        while (!(await iterator.next()).done);
        return 'finished';
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        return `${code}: ${message}`;
      }
    })();
  });
  const heard = await one.evaluate(() => tab.progress);
  await leader.close();
  expect(await one.evaluate(() => tab.running)).toMatch(/^device-lost: .*again/);
  expect(await Promise.all(followers.map(ask))).toEqual([answer, answer]);
  expect(workers(followers).toSorted()).toEqual([0, 1]);
  expect(await one.evaluate(() => tab.progress)).toBeGreaterThan(heard);
  expect(server.sent(MODEL) - before).toBeLessThan(modelBytes * 1.5); // the second load came from the cache

  // A leader that unloads serves on, and stops when nobody needs it.
  const [leading, following] = workers(followers)[0] === 1 ? [one, other] : [other, one];
  await leading.evaluate(() => tab.engine.unload());
  expect(await ask(following)).toBe(answer);
  expect(workers([leading, following])).toEqual([1, 0]);
  await following.evaluate(() => tab.engine.unload());
  await expect.poll(() => workers([leading, following])).toEqual([0, 0]);

  // Going elsewhere ends a leader as closing does.
  for (const page of [leading, following]) await load(page);
  await leading.goto('about:blank');
  expect(await ask(following)).toBe(answer);
  expect(workers([following])).toEqual([1]);
});
