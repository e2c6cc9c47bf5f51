// The conversations that are kept, as a list of links: beside the chat on a wide screen, a drawer on a narrow one.
// Which one is open is the page's address (#id), so that reload, back and a new tab do what they always do.
import { byId, element, icon } from '../look/element.ts';
import { moment } from '../look/format.ts';
import type { ChatRecord, RemovedChat } from './history.ts';
import type { Keeper } from './keeper.ts';

export interface ChatsPanel {
  /** Reads the list anew; `open` is the conversation that is shown. */
  refresh(open: string): Promise<void>;
  /** One line in place of the list. */
  say(line: string): void;
}

const PENCIL = 'M4 20h4L19 9l-4-4L4 16v4zM13 7l4 4';
const BIN = 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5';

/** `onDeleted` hears of a conversation that was deleted here. */
export function createChatsPanel(keeper: Keeper, onDeleted: (chat: string) => void): ChatsPanel {
  const panel = byId('chats', HTMLElement);
  const list = byId('chat-list', HTMLUListElement);
  const note = byId('chats-note', HTMLElement);
  const undo = byId('chats-undo', HTMLElement);
  let removed: RemovedChat | undefined;
  let open = '';

  drawerWhereNarrow(panel);

  async function refresh(now: string): Promise<void> {
    open = now;
    const chats = await keeper.run((history) => history.list());
    if (!chats) return;
    // A name that is being written is not to be taken away by what another tab does.
    if (list.querySelector('input')) return;
    const focused = focusOf(list);
    list.replaceChildren(...chats.map(item));
    note.textContent =
      chats.length === 0 ? 'What you talk about is kept in this browser, and nowhere else.' : '';
    focusAgain(list, focused);
  }

  function item(chat: ChatRecord): HTMLElement {
    const link = element(
      'a',
      { href: `#${chat.id}`, class: 'chat-link', 'aria-current': chat.id === open ? 'page' : undefined },
      element('span', { class: 'chat-title' }, chat.title),
      element('span', { class: 'muted small' }, `${moment(chat.changed)} · ${chat.model}`),
    );
    link.addEventListener('click', () => closeDrawer(panel));
    const rename = element('button', {
      type: 'button',
      class: 'quiet icon',
      'aria-label': `Rename ${chat.title}`,
    });
    const remove = element('button', {
      type: 'button',
      class: 'quiet icon',
      'aria-label': `Delete ${chat.title}`,
    });
    rename.append(icon(PENCIL));
    remove.append(icon(BIN));
    const row = element('li', { class: 'chat-item', 'data-chat': chat.id }, link, rename, remove);
    rename.addEventListener('click', () => edit(row, chat));
    remove.addEventListener('click', () => void forget(row, chat));
    return row;
  }

  function edit(row: HTMLElement, chat: ChatRecord): void {
    const field = element('input', {
      type: 'text',
      'aria-label': 'New name',
      maxlength: 60,
      value: chat.title,
    });
    row.replaceChildren(field);
    field.select();
    field.focus();
    let done = false;
    const finish = async (title: string, focus: boolean) => {
      if (done) return;
      done = true;
      if (title !== '' && title !== chat.title) await keeper.run((history) => history.rename(chat.id, title));
      row.replaceChildren();
      await refresh(open);
      if (focus) list.querySelector<HTMLElement>(`[data-chat="${chat.id}"] a`)?.focus();
    };
    field.addEventListener('blur', () => void finish(field.value.trim(), false));
    field.addEventListener('keydown', (event) => {
      if (event.isComposing || (event.key !== 'Enter' && event.key !== 'Escape')) return;
      event.preventDefault();
      event.stopPropagation();
      void finish(event.key === 'Enter' ? field.value.trim() : '', true);
    });
  }

  async function forget(row: HTMLElement, chat: ChatRecord): Promise<void> {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    const nextId = next instanceof HTMLElement ? next.dataset.chat : undefined;
    const taken = await keeper.run((history) => history.delete(chat.id));
    onDeleted(chat.id);
    await refresh(chat.id === open ? '' : open);
    if (taken) offerUndo(taken);
    const heir = nextId && list.querySelector<HTMLElement>(`[data-chat="${nextId}"] a`);
    (heir || undo.querySelector('button'))?.focus();
  }

  function offerUndo(taken: RemovedChat): void {
    removed = taken;
    const button = element('button', { type: 'button', class: 'quiet' }, 'Undo');
    button.addEventListener('click', () => void bringBack());
    undo.replaceChildren(element('span', {}, `Deleted “${taken.chat.title}”.`), button);
    undo.hidden = false;
  }

  async function bringBack(): Promise<void> {
    const taken = removed;
    removed = undefined;
    if (!taken) return;
    await keeper.run((history) => history.restore(taken));
    undo.hidden = true;
    undo.replaceChildren();
    await refresh(open);
    list.querySelector<HTMLElement>(`[data-chat="${taken.chat.id}"] a`)?.focus();
  }

  return {
    refresh,
    say(line) {
      list.replaceChildren();
      note.textContent = line;
    },
  };
}

/** A popover has what a drawer needs: Escape and a tap beside it close it, and the focus goes back to its button. */
function drawerWhereNarrow(panel: HTMLElement): void {
  const wide = matchMedia('(min-width: 60rem)');
  const apply = () => {
    if (wide.matches) panel.removeAttribute('popover');
    else panel.setAttribute('popover', 'auto');
  };
  wide.addEventListener('change', apply);
  apply();
}

function closeDrawer(panel: HTMLElement): void {
  if (panel.matches(':popover-open')) panel.hidePopover();
}

interface FocusPlace {
  chat: string;
  index: number;
}

/** Which control of which conversation has the focus: a list that is made anew gives it back. */
function focusOf(list: HTMLElement): FocusPlace | undefined {
  const row = document.activeElement?.closest<HTMLElement>('[data-chat]');
  if (!row || !list.contains(row) || !row.dataset.chat) return undefined;
  return { chat: row.dataset.chat, index: [...row.children].indexOf(document.activeElement!) };
}

function focusAgain(list: HTMLElement, place: FocusPlace | undefined): void {
  if (!place) return;
  const control = list.querySelector(`[data-chat="${place.chat}"]`)?.children[place.index];
  if (control instanceof HTMLElement) control.focus();
}
