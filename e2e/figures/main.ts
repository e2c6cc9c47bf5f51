// The figures as a program for Node and Dawn, bundled into one file by `npm run build:bench`:
//   node bench.mjs suite              the kernel tests, on this adapter
//   node bench.mjs device [--tiny]    roofline, GEMV, GEMM, models of 1, 3 and 8 B; JSON to --out
//   node bench.mjs growth [--only prompt,depth,rows,size]   cost against them; JSON to --out
import { writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { adapterCaps, type Caps } from '@quern/gpu';
import { openDawn } from '@quern/gpu/node';
import type { Figures } from './charts.ts';
import { type DeviceReport, deviceReport, TINY, WHOLE } from './device.ts';
import { growth, ON_A_GPU, ON_SOFTWARE } from './growth.ts';
import type { SizeName } from './shapes.ts';

const say = (what: string) => void process.stderr.write(`${what}\n`);
const nameOf = ({ description, device, vendor, architecture }: Caps) =>
  description || device || `${vendor} ${architecture}`;

async function write(out: string | undefined, value: unknown): Promise<void> {
  const json = `${JSON.stringify(value, null, 1)}\n`;
  if (out === undefined) process.stdout.write(json);
  else await writeFile(out, json);
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      tiny: { type: 'boolean', default: false },
      sizes: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const [command] = positionals;
  const load = loadavg()[0]!;
  if (command === 'suite') {
    const { runSuite } = await import('./suite.ts');
    return runSuite(values.only, say);
  }
  const caps = await adapterCaps(await openDawn());
  const about = { date: new Date().toISOString(), adapter: nameOf(caps), cores: availableParallelism() };
  say(`adapter: ${about.adapter}`);
  if (command === 'device') {
    const report: Partial<DeviceReport> = {};
    const asked = values.tiny ? TINY : WHOLE;
    const sizes = values.sizes ? (values.sizes.split(',') as SizeName[]) : asked.sizes;
    try {
      await deviceReport(openDawn, { ...asked, sizes }, report, say);
    } finally {
      await write(values.out, { ...about, caps, load: [load, loadavg()[0]!], ...report });
    }
    return 0;
  }
  if (command === 'growth') {
    const figures: Figures = { ...about, load: [load, load], charts: [] };
    const sizes = caps.software ? ON_SOFTWARE : ON_A_GPU;
    for await (const chart of growth(openDawn, sizes, values.only?.split(','), say)) {
      figures.charts.push(chart);
      figures.load[1] = loadavg()[0]!;
      if (values.out !== undefined) await write(values.out, figures); // what is there by now stays
    }
    if (values.out === undefined) await write(undefined, figures);
    return 0;
  }
  say('What? suite, device [--tiny] [--sizes 1B,8B] or growth, with --out FILE.');
  return 1;
}

// Dawn's threads would keep the process.
process.exit(
  await main(process.argv.slice(2)).catch((error: unknown) => {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  }),
);
