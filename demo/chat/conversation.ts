// One chat: its messages, and the answer that is being written. No DOM here.
import type { ChatMessageParam, Engine, Timings } from '../load/engine.ts';

export interface AnswerMeter {
  tokens: number;
  /** Tokens a second after the first token; 0 while there is no second one. */
  tokensPerSecond: number;
  timeToFirstTokenMs: number;
}

export interface Answer extends AnswerMeter {
  text: string;
  /** 'aborted' keeps what was written. */
  end: 'stop' | 'length' | 'aborted';
}

/** Low, because small models lose the thread at OpenAI's default of 1. */
const TEMPERATURE = 0.2;
const TOP_P = 0.9;
const MAX_TOKENS = 1024;

/** What was asked and answered. */
export interface Exchange {
  asked: string;
  said: string;
}

/** How tokens are drawn. */
export interface Draw {
  /** The same messages get the same answers. */
  seed?: number;
  /** 0: the likeliest token each time. */
  temperature?: number;
}

export class Conversation {
  readonly #exchanges: Exchange[];
  readonly #draw: Draw;

  /** Goes on from what was said before. */
  constructor(draw: Draw = {}, before: readonly Exchange[] = []) {
    this.#draw = draw;
    this.#exchanges = before.filter(({ said }) => said !== '').map(({ asked, said }) => ({ asked, said }));
  }

  /** True when this is what was said, word for word. */
  says(other: readonly Exchange[]): boolean {
    const mine = this.#exchanges;
    const theirs = other.filter(({ said }) => said !== '');
    return (
      mine.length === theirs.length &&
      theirs.every(({ asked, said }, i) => asked === mine[i]!.asked && said === mine[i]!.said)
    );
  }

  /** What is sent when `prompt` is asked next. */
  messages(prompt: string): ChatMessageParam[] {
    return [
      ...this.#exchanges.flatMap(({ asked, said }) => [
        { role: 'user' as const, content: asked },
        { role: 'assistant' as const, content: said },
      ]),
      { role: 'user', content: prompt },
    ];
  }

  /**
   * Asks and streams: `onText` gets each piece as it comes, with the figures so far. The turn is kept
   * only if some answer came. Throws what the engine throws, but for the signal's own abort.
   */
  async ask(
    engine: Engine,
    prompt: string,
    signal: AbortSignal,
    onText: (piece: string, meter: AnswerMeter) => void,
  ): Promise<Answer> {
    const messages = this.messages(prompt);
    const meter = startMeter();
    let text = '';
    let end: Answer['end'] = 'stop';
    let timings: Timings | undefined;
    try {
      const isChat = (await engine.info()).hasChatTemplate;
      for await (const piece of pieces(engine, messages, isChat, this.#draw, signal)) {
        timings = piece.timings ?? timings;
        if (piece.end === 'length') end = 'length';
        if (piece.text === undefined) continue;
        text += piece.text;
        onText(piece.text, meter.token());
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      end = 'aborted';
    }
    if (text !== '') this.#exchanges.push({ asked: prompt, said: text });
    return { text, end, ...meter.now(), ...(timings && end !== 'aborted' ? fromEngine(timings) : {}) };
  }
}

interface Piece {
  /** Undefined in a chunk that carries no token. */
  text?: string;
  end?: string | null;
  timings?: Timings;
}

/** A model without a chat template is a base model: it goes on with the last text as it is. */
async function* pieces(
  engine: Engine,
  messages: ChatMessageParam[],
  isChat: boolean,
  draw: Draw,
  signal: AbortSignal,
): AsyncGenerator<Piece, void, undefined> {
  const options = {
    stream: true,
    temperature: TEMPERATURE,
    top_p: TOP_P,
    max_tokens: MAX_TOKENS,
    ...draw,
  } as const;
  if (isChat) {
    for await (const { choices, timings } of engine.chat.completions.create(
      { messages, ...options },
      { signal },
    )) {
      const [choice] = choices;
      yield {
        text: choice?.delta.role ? undefined : choice?.delta.content,
        end: choice?.finish_reason,
        timings,
      };
    }
    return;
  }
  const prompt = String(messages.at(-1)?.content ?? '');
  for await (const { choices, timings } of engine.completions.create({ prompt, ...options }, { signal })) {
    const [choice] = choices;
    yield { text: choice?.finish_reason ? undefined : choice?.text, end: choice?.finish_reason, timings };
  }
}

function startMeter() {
  const start = performance.now();
  let first = 0;
  let last = 0;
  let tokens = 0;
  const now = (): AnswerMeter => ({
    tokens,
    tokensPerSecond: tokens > 1 ? ((tokens - 1) * 1000) / (last - first) : 0,
    timeToFirstTokenMs: first - start,
  });
  return {
    now,
    token(): AnswerMeter {
      last = performance.now();
      first ||= last;
      tokens++;
      return now();
    },
  };
}

/** The engine's own clock is nearer to the GPU than the page's. */
function fromEngine(timings: Timings): AnswerMeter {
  return {
    tokens: timings.decodeTokens + 1,
    tokensPerSecond: timings.decodeMs > 0 ? (timings.decodeTokens * 1000) / timings.decodeMs : 0,
    timeToFirstTokenMs: timings.timeToFirstTokenMs,
  };
}
