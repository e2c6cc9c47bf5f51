// One turn of one engine (?engine=) in a fresh browser: load, a cold prompt, a warm one. All clocks are this page's, round
// the engine's public API, so that every engine is timed by the same hand. It tells the server how far it is.
const query = new URL(import.meta.url).searchParams;

await new Promise((resolve) => setTimeout(resolve, 1500)); // the browser settles
await tell({ at: 'idle' });
try {
  const job = await (await fetch('/job')).json();
  const { load } = await import(`/engines/${query.get('engine')}.js`);
  const start = performance.now();
  const { run, notes = [] } = await load(job);
  const loadMs = performance.now() - start;
  if (query.has('load-only')) await tell({ at: 'done', loadMs, notes, answers: [] });
  else {
    const answers = [];
    for (const prompt of job.prompts) answers.push(await timed(run, prompt, job.tokens));
    await tell({ at: 'done', loadMs, notes, answers });
  }
} catch (error) {
  await tell({ at: 'failed', error: String(error?.stack ?? error) });
}

/** `run` gives the prompt's length in the end, and calls with each piece of text as it comes. */
async function timed(run, prompt, tokens) {
  const start = performance.now();
  let first = 0;
  let text = '';
  const promptTokens = await run(prompt, tokens, (piece) => {
    first ||= performance.now();
    text += piece;
  });
  const end = performance.now();
  if (first === 0) throw new Error(`no text came for ${tokens} tokens`);
  return { promptTokens, firstTokenMs: first - start, restMs: end - first, text };
}

function tell(word) {
  return fetch('/tell', { method: 'POST', body: JSON.stringify(word) });
}
