// What a page tells the test that serves it, one POST of JSON after the other, and the test's wait for it.
import type { IncomingMessage, ServerResponse } from 'node:http';

interface Word {
  at: string;
  error?: string;
}

export class Reports {
  readonly #heard: Word[] = [];
  #hears: ((word: Word) => void) | undefined;

  /** Takes the page's request. */
  async hear(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let text = '';
    for await (const piece of req) text += String(piece);
    res.writeHead(204).end();
    const word = JSON.parse(text) as Word;
    if (!this.#hears) return void this.#heard.push(word);
    this.#hears(word);
    this.#hears = undefined;
  }

  /** What the page tells next, which must be `at` that point. Throws what failed there. */
  async told<T>(at: string): Promise<T> {
    const word = this.#heard.shift() ?? (await new Promise<Word>((resolve) => (this.#hears = resolve)));
    if (word.at !== at) throw new Error(`the page is at '${word.at}', not '${at}': ${word.error}`);
    return word as T;
  }
}
