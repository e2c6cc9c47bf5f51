// The benchmark page, unattended, on the real model with small sizes.
import type { BenchReport } from '@quern/demo/bench/report';
import { CORS, serveFiles } from '../servers/files.ts';
import { readTiny, readTinyOnnx, SMOLLM2 } from '../servers/models.ts';
import { PAGES } from '../servers/pages.ts';
import { expect, test } from './fixtures.ts';

test('?auto=1 measures and leaves its JSON', async ({ page }) => {
  await page.goto(`${PAGES}/bench/?model=${SMOLLM2}&auto=1&prompt=16&decode=4&depths=0,24&reps=1`);
  await expect(page.locator('html')).toHaveAttribute('data-bench', /./, { timeout: 240_000 });
  const report = JSON.parse((await page.locator('#result').textContent()) ?? '') as BenchReport;
  expect(report.error).toBeUndefined();
  expect(report).toEqual(await page.evaluate(() => window.quernBench));
  expect(report.info?.architecture).toBe('llama');
  expect(report.info?.adapter.limits.maxBufferSize).toBeGreaterThan(0);
  expect(report.rows.map(({ test, tokens, depth }) => [test, tokens, depth])).toEqual([
    ['prefill', 16, 0],
    ['decode', 4, 0],
    ['decode', 4, 24],
  ]);
  await expect(page.getByRole('row', { name: 'Writing 4 after 24' })).toBeVisible();
  for (const row of report.rows) expect(row.tokensPerSecond[0]).toBeGreaterThan(0.1);
  expect(report.firstTokenMs).toBeGreaterThan(0);
  const steps = report.rows.filter(({ test }) => test === 'decode').map(({ step }) => step);
  for (const step of steps) expect(step).toMatchObject({ dispatches: expect.any(Number) });
  expect(report.rows[2]?.line).toBeLessThan(report.rows[1]?.tokensPerSecond[0] ?? 0);
  expect(steps[1]?.kvBytes).toBeGreaterThan(steps[0]?.kvBytes ?? Infinity);
  expect(report.scriptMemory?.bytes).toBeGreaterThan(1e6);
  const timings = report.info?.timings;
  expect(timings?.weightsMs).toBeGreaterThan(0);
  expect(timings?.bytesFetched).toBeGreaterThan(98e6);
  // SwiftShader and every real GPU of today have timestamps.
  expect(report.kernelsMissing).toBeUndefined();
  const kernels = report.kernels?.decode ?? [];
  expect(kernels.length).toBeGreaterThan(3);
  expect(kernels.every((kernel) => kernel.microseconds >= 0 && kernel.dispatches > 0)).toBe(true);

  await expect(page.getByRole('heading', { name: 'Time per kernel' })).toBeVisible();
  const dispatches = kernels.reduce((sum, kernel) => sum + kernel.dispatches, 0);
  await expect(
    page
      .getByRole('heading', { name: `Writing one token: ` })
      .filter({ hasText: `, ${dispatches} dispatches` }),
  ).toBeVisible();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as JSON' }).click();
  expect((await download).suggestedFilename()).toMatch(/^quern-bench-.*\.json$/);
});

test('a model that cannot be loaded ends the run with its error', async ({ page }) => {
  await page.goto(`${PAGES}/bench/?model=/models/none.gguf&auto=1`);
  await expect(page.locator('html')).toHaveAttribute('data-bench', 'failed');
  const report = JSON.parse((await page.locator('#result').textContent()) ?? '') as BenchReport;
  expect(report.error?.code).toBe('not-found');
  await expect(page.getByRole('alert')).toHaveAttribute('data-code', 'not-found');
});

test('Transformers.js runs beside it, from a URL, and says what it could not reach', async ({ page }) => {
  const files = await readTinyOnnx();
  files.set('/tiny.gguf', await readTiny());
  const server = await serveFiles(files, CORS);
  const foreign: string[] = [];
  page.on('request', (request) => {
    const { origin } = new URL(request.url());
    if (origin !== PAGES && origin !== server.url && origin !== 'null') foreign.push(request.url());
  });
  try {
    const model = encodeURIComponent(`${server.url}/tiny.gguf`);
    const onnx = encodeURIComponent(`${server.url}/onnx-model`);
    await page.goto(`${PAGES}/bench/?model=${model}&onnx=${onnx}&auto=1&prompt=8&decode=4&reps=1`);
    await expect(page.locator('html')).toHaveAttribute('data-bench', 'done');
    const card = page.locator('.rival');
    await card.getByRole('combobox').selectOption('fp32');
    await card.getByRole('button').click();
    await expect(card.getByRole('table').or(card.getByRole('alert'))).toBeVisible();
    await expect(card.getByRole('alert')).toHaveCount(0);
    await expect(card.getByRole('table')).toContainText('Writing 4');
    const report = await page.evaluate(() => window.quernBench);
    expect(report?.rival?.rows.map(({ test, tokens }) => [test, tokens])).toEqual([
      ['prefill', 8],
      ['decode', 4],
    ]);
    for (const row of report?.rival?.rows ?? []) expect(row.tokensPerSecond[0]).toBeGreaterThan(0);
    expect(foreign).toEqual([]);

    await card.getByRole('textbox').fill(`${server.url}/no-such-folder`);
    await card.getByRole('button').click();
    await expect(card.getByRole('alert')).toContainText('no-such-folder');
  } finally {
    await server.close();
  }
});
