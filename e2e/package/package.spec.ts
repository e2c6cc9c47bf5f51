// The package stands alone: packed, installed into an empty project, built by Vite, it streams tokens
// under a CSP that allows nothing but the page's own origin.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { BUDGETS, gzipSize } from '../../scripts/build/sizes.js';
import { ROOT } from '../../scripts/setup/paths.js';
import { expect, test } from '../browser/fixtures.ts';
import { CORS, type FileServer, serveFiles } from '../servers/files.ts';
import { readTiny, SMOLLM2_FILE } from '../servers/models.ts';
import { filesOf, installPacked, type Project } from './pack.ts';

let project: Project;

test.beforeAll(async () => {
  test.setTimeout(240_000);
  project = await installPacked();
});
test.afterAll(() => project?.remove());

test('has no dependency, no wasm, nothing of the workspace, and is small', async () => {
  const manifest = JSON.parse(await readFile(join(project.package, 'package.json'), 'utf8')) as Record<
    string,
    object
  >;
  expect(manifest.dependencies ?? {}).toEqual({});
  const files = await filesOf(project.package);
  expect(files.filter((name) => /\.wasm$|\.test\.|(?<!\.d)\.ts$/.test(name))).toEqual([]);
  for (const name of files.filter((file) => file.endsWith('.js'))) {
    expect(await readFile(join(project.package, name), 'utf8'), name).not.toMatch(/from\s*['"]@quern\//);
  }
  for (const [file, budget] of Object.entries(BUDGETS)) {
    expect(await gzipSize(join(project.package, 'dist'), file), file).toBeLessThan(budget);
  }
});

test("streams under default-src 'self'", async ({ page }) => {
  const site = new Map<string, Uint8Array>([['/tiny.gguf', await readTiny()]]);
  for (const name of await filesOf(project.site))
    site.set(`/${name}`, await readFile(join(project.site, name)));
  const server = await serveFiles(site, { 'content-security-policy': "default-src 'self'" });
  const refused: string[] = [];
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) refused.push(message.text());
  });
  try {
    await page.goto(`${server.url}/?model=/tiny.gguf&prompt=To%20be`);
    await expect(page.locator('html')).toHaveAttribute('data-state', /./);
    expect(
      await page.locator('html').getAttribute('data-state'),
      await page.locator('#text').innerText(),
    ).toBe('done');
    expect(Number(await page.locator('html').getAttribute('data-chunks'))).toBeGreaterThan(2);
    await expect(page.locator('#text')).toHaveText(/\S/);
    expect(refused).toEqual([]);
    await expect(page.locator('html')).toHaveAttribute('data-cached', `${server.url}/tiny.gguf`);
    await page.reload();
    await expect(page.locator('html')).toHaveAttribute('data-state', 'done');
    expect(server.sent('/tiny.gguf')).toBeLessThan(2 * site.get('/tiny.gguf')!.length);
  } finally {
    await server.close();
  }
});

test("a folder of safetensors streams under default-src 'self': what reads it is loaded then", async ({
  page,
}) => {
  const server = await serveFolderModel();
  try {
    await page.goto(`${server.url}/?model=/qwen3/&prompt=To%20be`);
    await expect(page.locator('html')).toHaveAttribute('data-state', /./);
    expect(
      await page.locator('html').getAttribute('data-state'),
      await page.locator('#text').innerText(),
    ).toBe('done');
    await expect(page.locator('#text')).toHaveText(/\S/);
  } finally {
    await server.close();
  }
});

test("all tabs of the built site share a SharedWorker, which loads what it needs later, under default-src 'self'", async ({
  context,
}) => {
  const server = await serveFolderModel();
  try {
    for (const page of [await context.newPage(), await context.newPage()]) {
      const own: string[] = [];
      page.on('worker', (worker) => own.push(worker.url()));
      await page.goto(`${server.url}/?model=/qwen3/&prompt=To%20be&shared`);
      await expect(page.locator('html')).toHaveAttribute('data-state', /./);
      const said = await page.locator('#text').innerText();
      expect(await page.locator('html').getAttribute('data-state'), said).toBe('done');
      expect(said).toMatch(/\S/);
      expect(own).toHaveLength(1); // openModels's; the engine's would be another
    }
  } finally {
    await server.close();
  }
});

/** The built site, and a model that is a folder of safetensors. */
async function serveFolderModel(): Promise<FileServer> {
  const folder = join(ROOT, 'e2e', 'conformance', 'arch-qwen3');
  const site = new Map<string, Uint8Array>();
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
    site.set(`/qwen3/${name}`, await readFile(join(folder, name)));
  for (const name of await filesOf(project.site))
    site.set(`/${name}`, await readFile(join(project.site, name)));
  return serveFiles(site, { 'content-security-policy': "default-src 'self'" });
}

test('runs its worker from another origin, through a Blob module', ({ page }) => fromElsewhere(page, false));

// Two tabs never have the same Blob, so there one tab leads.
test('runs it so for all tabs, too', ({ page }) => fromElsewhere(page, true));

async function fromElsewhere(page: Page, shared: boolean): Promise<void> {
  // A page that takes the package from a CDN: two origins, two servers.
  const cdn = await serveFiles(join(project.package, 'dist'), CORS);
  const html = `<!doctype html><pre id="text"></pre><script type="module">
    import { createEngine, openModels } from '${cdn.url}/index.js';
    const root = document.documentElement;
    try {
      const engine = await createEngine({ model: new URL('/tiny.gguf', location.href).href, shared: ${shared} });
      for await (const chunk of engine.completions.create({ prompt: 'To be', max_tokens: 4, temperature: 0, stream: true }))
        document.getElementById('text').append(chunk.choices[0]?.text ?? '');
      const [cached] = await openModels().list();
      root.dataset.cached = cached.model;
      root.dataset.state = 'done';
    } catch (error) { root.dataset.state = error.code ?? 'other'; document.getElementById('text').textContent = error; }
  </script>`;
  const site = new Map<string, Uint8Array>([
    ['/index.html', new Uint8Array(Buffer.from(html))],
    ['/tiny.gguf', await readTiny()],
  ]);
  const server = await serveFiles(site);
  try {
    const workers: string[] = [];
    page.on('worker', (worker) => workers.push(worker.url()));
    await page.goto(`${server.url}/`);
    await expect(page.locator('html')).toHaveAttribute('data-state', /./);
    expect(
      await page.locator('html').getAttribute('data-state'),
      await page.locator('#text').innerText(),
    ).toBe('done');
    await expect(page.locator('html')).toHaveAttribute('data-cached', `${server.url}/tiny.gguf`);
    expect(workers.some((url) => url.startsWith(`blob:${server.url}`))).toBe(true);
    expect(cdn.sent('/worker.js')).toBeGreaterThan(1000);
  } finally {
    await server.close();
    await cdn.close();
  }
}

test('streams the real model from a URL of its own origin', async ({ page }) => {
  const site = new Map<string, Uint8Array>([['/model.gguf', await readFile(SMOLLM2_FILE)]]);
  for (const name of await filesOf(project.site))
    site.set(`/${name}`, await readFile(join(project.site, name)));
  const server = await serveFiles(site, { 'content-security-policy': "default-src 'self'" });
  try {
    await page.goto(`${server.url}/?model=/model.gguf`);
    await expect(page.locator('html')).toHaveAttribute('data-state', 'done', { timeout: 240_000 });
    await expect(page.locator('#text')).toHaveText(/Paris/);
  } finally {
    await server.close();
  }
});
