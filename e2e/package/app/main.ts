// The page of a stranger: loads ?model= (for all tabs with ?shared), streams one completion into #text, and says on
// <html> what is cached and when it is done. It is built in a folder outside of this repository, against the packed package.
import { createEngine, openModels, QuernError } from 'quern';

const query = new URLSearchParams(location.search);
const root = document.documentElement;
const text = document.getElementById('text')!;
try {
  const model = new URL(query.get('model') ?? '', location.href).href;
  const engine = await createEngine({ model, shared: query.has('shared') });
  const stream = engine.completions.create({
    prompt: query.get('prompt') ?? 'The capital of France is',
    max_tokens: 8,
    temperature: 0,
    stream: true,
  });
  let chunks = 0;
  for await (const chunk of stream) {
    text.append(chunk.choices[0]?.text ?? '');
    chunks++;
  }
  root.dataset.chunks = String(chunks);
  await engine.unload();
  const models = openModels();
  root.dataset.cached = (await models.list()).map(({ model }) => model).join(' ');
  await models.close();
  root.dataset.state = 'done';
} catch (error) {
  root.dataset.state = QuernError.is(error) ? error.code : 'other';
  text.textContent = String(error);
}
