// One turn of one engine in a process of its own: `node turn.js JOB`, JOB as JSON. The last line is the turn as JSON.
import { loadavg } from 'node:os';
import { timed } from '../timed.js';

const { engine, prompts, tokens, ...options } = JSON.parse(process.argv[2]);
const start = performance.now();
const { load } = await import(`./${engine}.js`);
const { run, device, contextLength, notes } = await load(options);
const loadMs = performance.now() - start;
const answers = [];
for (const prompt of prompts) answers.push(await timed(run, prompt, tokens + 1));
const turn = { loadMs, device, contextLength, notes, answers, loadAverage: loadavg()[0] };
process.stdout.write(`\n${JSON.stringify(turn)}\n`, () => process.exit(0)); // Dawn's threads would keep the process
