// The turns of a chat on the page. Keeps the view at the end while it is there, and leaves it alone
// when somebody has scrolled up to read.
import { failureNotice, type Failure } from '../load/failure.ts';
import { element } from '../look/element.ts';
import { milliseconds, rate } from '../look/format.ts';
import type { Answer } from './conversation.ts';
import type { TurnRecord } from './history.ts';
import { showMarkdown } from './markdown.ts';

export interface Turn {
  write(piece: string): void;
  /** Undefined: it was cut off with its tab, and nothing was measured. */
  finish(answer: Answer | undefined): void;
  fail(failure: Failure): void;
  remove(): void;
}

export class Transcript {
  readonly #root: HTMLElement;
  readonly #scroller: HTMLElement;

  constructor(root: HTMLElement, scroller: HTMLElement) {
    this.#root = root;
    this.#scroller = scroller;
  }

  get isEmpty(): boolean {
    return this.#root.childElementCount === 0;
  }

  clear(): void {
    this.#root.replaceChildren();
  }

  /** Shows what was kept, in place of what is there. */
  show(turns: readonly TurnRecord[]): void {
    this.clear();
    // Not news: a screen reader shall not read a whole conversation out.
    this.#root.setAttribute('aria-live', 'off');
    for (const { asked, said, end, meter } of turns) {
      const turn = this.add(asked);
      turn.write(said);
      turn.finish(end === 'open' || !meter ? undefined : { text: said, end, ...meter });
    }
    setTimeout(() => this.#root.setAttribute('aria-live', 'polite'));
  }

  /** Adds what the person said, and the place of the answer. */
  add(prompt: string): Turn {
    const asked = element('article', { class: 'turn user' }, element('div', { class: 'said' }, prompt));
    const said = element('div', { class: 'said' });
    const waiting = element('span', { class: 'waiting', 'aria-hidden': 'true' });
    const foot = element('div', { class: 'foot muted small numbers' });
    // Busy: a screen reader then speaks the answer once it is whole, not in scraps.
    const turn = element('article', { class: 'turn assistant', 'aria-busy': 'true' }, said, waiting, foot);
    this.#root.append(asked, turn);
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    let text = '';
    let drawn = 0;
    const draw = () => {
      drawn = 0;
      this.#follow(() => showMarkdown(said, text));
    };
    const end = () => {
      if (drawn) cancelAnimationFrame(drawn);
      draw();
      waiting.remove();
      turn.removeAttribute('aria-busy');
    };
    return {
      write(piece) {
        text += piece;
        if (text.trim() !== '') waiting.remove();
        drawn ||= requestAnimationFrame(draw);
      },
      finish: (answer) => {
        end();
        this.#follow(() =>
          foot.append(
            copyButton(() => text),
            answer ? figuresOf(answer) : 'cut off',
          ),
        );
      },
      fail: (failure) => {
        end();
        this.#follow(() => foot.replaceWith(failureNotice(failure)));
      },
      remove() {
        if (drawn) cancelAnimationFrame(drawn);
        asked.remove();
        turn.remove();
      },
    };
  }

  #follow(change: () => void): void {
    const view = this.#scroller;
    const atEnd = view.scrollHeight - view.scrollTop - view.clientHeight < 80;
    change();
    if (atEnd) view.scrollTop = view.scrollHeight;
  }
}

/** '182 tokens · 4.21 tokens/s · first after 1.3 s' */
function figuresOf(answer: Answer): string {
  const parts = [`${answer.tokens} ${answer.tokens === 1 ? 'token' : 'tokens'}`];
  if (answer.tokensPerSecond > 0) parts.push(`${rate(answer.tokensPerSecond)} tokens/s`);
  if (answer.tokens > 0) parts.push(`first after ${milliseconds(answer.timeToFirstTokenMs)}`);
  if (answer.end === 'aborted') parts.push('stopped');
  if (answer.end === 'length') parts.push('cut at its limit');
  return parts.join(' · ');
}

function copyButton(text: () => string): HTMLElement {
  const button = element('button', { type: 'button', class: 'quiet' }, 'Copy');
  button.addEventListener('click', async () => {
    const copied = await navigator.clipboard.writeText(text()).then(
      () => 'Copied',
      () => 'Not allowed',
    );
    button.textContent = copied;
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  });
  return button;
}
