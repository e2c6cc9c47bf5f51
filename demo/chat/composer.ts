// The field where one writes. Enter sends, Shift+Enter starts a new line, Esc stops.
import { byId } from '../look/element.ts';

export interface Composer {
  focus(): void;
  /** Gives back a text that came to nothing, unless another was begun. */
  giveBack(text: string): void;
  /** While busy the stop button takes the place of the send button; one may go on writing. */
  setBusy(busy: boolean): void;
  /** The page brings it disabled: what is written before anybody listens would be lost. */
  enable(): void;
}

/** `onSend` gets the text, and says whether it took it: only then is the field cleared. */
export function createComposer(onSend: (text: string) => boolean, onStop: () => void): Composer {
  const form = byId('composer', HTMLFormElement);
  const field = byId('message', HTMLTextAreaElement);
  const send = byId('send', HTMLButtonElement);
  const stop = byId('stop', HTMLButtonElement);
  let busy = false;

  const resize = () => {
    if (CSS.supports('field-sizing', 'content')) return;
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight}px`;
  };
  const submit = () => {
    const text = field.value.trim();
    if (busy || text === '' || !onSend(text)) return;
    field.value = '';
    resize();
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  field.addEventListener('input', resize);
  field.addEventListener('keydown', (event) => {
    // isComposing: Enter that ends the input of a Chinese or Japanese word is not meant for us.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  document.addEventListener('keydown', (event) => {
    // Escape closes what lies above the page first.
    if (event.key !== 'Escape' || !busy || document.querySelector(':popover-open, dialog[open]')) return;
    event.preventDefault();
    onStop();
    field.focus();
  });
  stop.addEventListener('click', () => {
    onStop();
    field.focus();
  });

  return {
    focus: () => field.focus(),
    giveBack(text) {
      if (field.value !== '') return;
      field.value = text;
      resize();
    },
    setBusy(now) {
      busy = now;
      const hadFocus = document.activeElement === send || document.activeElement === stop;
      send.hidden = busy;
      stop.hidden = !busy;
      if (hadFocus) field.focus();
    },
    enable() {
      field.disabled = false;
      send.disabled = false;
    },
  };
}
