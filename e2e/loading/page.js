// What the page of these tests does: ?do=open loads the model, ?do=load has it say two words too, ?do=raw reads what is cached
// without Quern, to compare. It tells the test's server how far it is.
const { searchParams } = new URL(import.meta.url);
const work = { open, load, raw };

await new Promise((resolve) => setTimeout(resolve, 1500)); // the browser settles
await tell({ at: 'idle' });
try {
  await work[searchParams.get('do')]();
} catch (error) {
  await tell({ at: 'failed', error: String(error) });
}

async function open() {
  const { createEngine } = await import('/index.js');
  const engine = await createEngine({ model: '/model.gguf', contextLength: 256 });
  const readyAt = epoch();
  const info = await engine.info();
  await tell({ at: 'ready', readyAt, timings: info.timings, memory: info.memory });
  return engine;
}

async function load() {
  const engine = await open();
  const options = { prompt: [1, 2, 3], max_tokens: 2, temperature: 0, ignore_eos: true };
  let firstTokenAt = 0;
  let text = '';
  for await (const { choices } of engine.completions.create({ ...options, stream: true })) {
    firstTokenAt ||= epoch();
    text += choices[0]?.text ?? '';
  }
  await tell({ at: 'answered', firstTokenAt, text });
}

async function raw() {
  const worker = new Worker('/raw.js');
  const figures = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
    worker.postMessage('start');
  });
  await tell({ at: 'read', ...figures });
}

function epoch() {
  return performance.timeOrigin + performance.now();
}

function tell(word) {
  return fetch('/tell', { method: 'POST', body: JSON.stringify(word) });
}
