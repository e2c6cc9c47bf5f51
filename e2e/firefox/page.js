// Quern in one browser: a text, then, round after round, its speed and the times of its kernels.
try {
  const { model, contextLength, promptTokens, decodeTokens, rounds } = await (await fetch('/job')).json();
  const { createEngine } = await import('/quern/index.js');
  const start = performance.now();
  const engine = await createEngine({ model, contextLength });
  await tell({
    at: 'loaded',
    loadMs: performance.now() - start,
    info: await engine.info(),
    userAgent: navigator.userAgent,
  });

  const prompt = 'The capital of France is';
  const { choices } = await engine.completions.create({ prompt, max_tokens: 24, temperature: 0 });
  await tell({ at: 'text', text: choices[0].text });

  for (let round = 0; round < rounds; round++) {
    const sizes = { promptTokens: [promptTokens], decodeTokens, depths: [0], repetitions: 1 };
    const rows = [];
    for await (const row of engine.bench(sizes)) rows.push(row);
    await tell({ at: 'round', rows, kernels: await engine.profile('decode') });
  }
} catch (error) {
  await tell({ at: 'failed', error: `${error}\n${error?.stack}` });
}

function tell(word) {
  return fetch('/tell', { method: 'POST', body: JSON.stringify(word) });
}
