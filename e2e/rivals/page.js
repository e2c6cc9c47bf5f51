// One turn of one engine (?engine=) in a fresh browser: load, a cold prompt, a warm one. All clocks are this page's, round
// the engine's public API, so that every engine is timed by the same hand. It tells the server how far it is.
const query = new URL(import.meta.url).searchParams;

await wait(1500); // the browser settles
await tell({ at: 'idle' });
await wait(1000); // it is weighed
try {
  const engine = query.get('engine');
  const { timed } = await import('/timed.js');
  const job = await (await fetch('/job')).json();
  const start = performance.now();
  const { load } = await import(`/engines/${engine}.js`);
  const { run, device, contextLength, notes } = await load(job);
  const loadMs = performance.now() - start;
  const answers = [];
  if (!query.has('load-only')) {
    const { [engine]: tokens = job.tokens } = job.tokensOf;
    // One more token than is timed: the first belongs to the prompt.
    for (const prompt of job.prompts) answers.push(await timed(run, prompt, tokens + 1));
  }
  await tell({ at: 'done', loadMs, device, contextLength, notes, answers });
} catch (error) {
  await tell({ at: 'failed', error: String(error?.stack ?? error) });
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function tell(word) {
  return fetch('/tell', { method: 'POST', body: JSON.stringify(word) });
}
