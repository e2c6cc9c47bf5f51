import { expect, test } from 'vitest';
import type { ChatMessageParam, Engine } from '../load/engine.ts';
import { Conversation } from './conversation.ts';

interface Script {
  words?: string[];
  hasChatTemplate?: boolean;
  finish?: 'stop' | 'length';
  fails?: Error;
}

/** An engine of the public shape that says `words`, and keeps what it was asked. */
function scripted({
  words = ['Hello', ' there'],
  hasChatTemplate = true,
  finish = 'stop',
  fails,
}: Script = {}) {
  const asked: Array<ChatMessageParam[] | string> = [];
  async function* chat(params: { messages: ChatMessageParam[] }, { signal }: { signal: AbortSignal }) {
    asked.push(params.messages);
    if (fails) throw fails;
    yield { choices: [{ delta: { role: 'assistant', content: '' }, finish_reason: null }] };
    for (const content of words) {
      signal.throwIfAborted();
      yield { choices: [{ delta: { content }, finish_reason: null }] };
    }
    const timings = { timeToFirstTokenMs: 5, decodeTokens: words.length - 1, decodeMs: 100 };
    yield { choices: [{ delta: {}, finish_reason: finish }], timings };
  }
  async function* complete(params: { prompt: string }) {
    asked.push(params.prompt);
    for (const text of words) yield { choices: [{ text, finish_reason: null }] };
    yield { choices: [{ text: '', finish_reason: finish }] };
  }
  const engine = {
    info: async () => ({ hasChatTemplate }),
    chat: { completions: { create: chat } },
    completions: { create: complete },
  } as unknown as Engine;
  return { engine, asked };
}

const never = new AbortController().signal;
const ignore = () => {};

test('streams, counts, and remembers the turn', async () => {
  const { engine, asked } = scripted();
  const conversation = new Conversation();
  const pieces: string[] = [];
  const first = await conversation.ask(engine, 'Hi', never, (piece) => pieces.push(piece));
  expect(pieces).toEqual(['Hello', ' there']);
  expect(first).toMatchObject({ text: 'Hello there', end: 'stop', tokens: 2, tokensPerSecond: 10 });
  await conversation.ask(engine, 'And?', never, ignore);
  expect(asked[1]).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello there' },
    { role: 'user', content: 'And?' },
  ]);
  const said = 'Hello there';
  expect(
    conversation.says([
      { asked: 'Hi', said },
      { asked: 'And?', said },
    ]),
  ).toBe(true);
  expect(conversation.says([{ asked: 'Hi', said }])).toBe(false);
});

test('goes on from what was kept; a turn without an answer is left out', async () => {
  const { engine, asked } = scripted();
  const before = [
    { asked: 'Hi', said: 'Hello' },
    { asked: 'Lost?', said: '' },
  ];
  const conversation = new Conversation({ seed: 1 }, before);
  expect(conversation.says(before)).toBe(true);
  const next = conversation.messages('And?');
  await conversation.ask(engine, 'And?', never, ignore);
  expect(asked[0]).toEqual(next);
  expect(next).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello' },
    { role: 'user', content: 'And?' },
  ]);
});

test('stopping keeps what was said', async () => {
  const { engine, asked } = scripted({ words: ['one', ' two', ' three'] });
  const conversation = new Conversation();
  const stop = new AbortController();
  const answer = await conversation.ask(engine, 'Count', stop.signal, () => stop.abort());
  expect(answer).toMatchObject({ text: 'one', end: 'aborted', tokens: 1 });
  await conversation.ask(engine, 'Go on', never, ignore);
  expect(asked[1]).toHaveLength(3);
});

test('a failure is thrown, and its turn forgotten', async () => {
  const conversation = new Conversation();
  const { engine: broken } = scripted({ fails: new Error('device lost') });
  await expect(conversation.ask(broken, 'Hi', never, ignore)).rejects.toThrow('device lost');
  const { engine, asked } = scripted({ finish: 'length' });
  expect((await conversation.ask(engine, 'Again', never, ignore)).end).toBe('length');
  expect(asked[0]).toEqual([{ role: 'user', content: 'Again' }]);
});

test('a model without a chat template goes on with the text', async () => {
  const { engine, asked } = scripted({ hasChatTemplate: false });
  const answer = await new Conversation().ask(engine, 'Once upon', never, ignore);
  expect(asked).toEqual(['Once upon']);
  expect(answer).toMatchObject({ text: 'Hello there', tokens: 2 });
});
