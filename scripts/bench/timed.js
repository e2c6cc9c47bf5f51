// One answer of one engine, by the clock of whoever calls: pages of e2e/rivals and Node turns alike.

/**
 * `run(prompt, tokens, onText)` writes `tokens` tokens, calls onText with each piece of text, and resolves to the
 * prompt's length. Resolves to { promptTokens, firstTokenMs, restMs, text }.
 */
export async function timed(run, prompt, tokens) {
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
