// The shelf of models: what is on this device first, then what the page's server and the hub have, a field for any other,
// and local files. One is chosen; its details lie open.
import { element } from '../look/element.ts';
import { createDiskView } from './disk.ts';
import type { CachedModel, Models } from './engine.ts';
import { localFiles } from './local-files.ts';
import { cachedChoice, isCachedAs, typedModel, type ModelChoice } from './models.ts';
import { createShelfRow, type ShelfRow } from './shelf-row.ts';

export interface Shelf {
  root: HTMLElement;
  /** What is chosen now; undefined when "other" is chosen and its field is empty (the field gets the focus). */
  chosen(): ModelChoice | undefined;
  /** Adds a choice and takes it. */
  choose(choice: ModelChoice): void;
  setBusy(busy: boolean): void;
  /** Reads anew what the cache has. Never rejects. */
  refresh(): Promise<void>;
}

/** A cache that does not answer must not hold the page up. */
const PATIENCE_MS = 2000;

const GROUPS = [
  ['here', 'On this device'],
  ['given', 'Opened here'],
  ['server', 'On this page’s server'],
  ['hub', 'On the Hugging Face hub'],
] as const;
type Group = (typeof GROUPS)[number][0];

/** `onLoad` is also called for files and folders that were opened or dropped: they need no further click. */
export async function createShelf(options: {
  offered: readonly ModelChoice[];
  models: Models;
  action: string;
  onLoad: (choice: ModelChoice) => void;
}): Promise<Shelf> {
  const { models, onLoad } = options;
  const rows: ShelfRow[] = [];
  const groups = new Map(GROUPS.map(([name, title]) => [name, createGroup(name, title)]));
  const other = element('input', {
    type: 'text',
    id: 'other-model',
    placeholder: 'https://….gguf, or owner/name:Q4_K_M on the Hugging Face hub',
    'aria-label': 'URL or hub id of another model',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const otherRadio = element('input', { type: 'radio', name: 'model', 'aria-label': 'Another model' });
  const disk = createDiskView(models);
  const fields = element(
    'fieldset',
    { class: 'shelf' },
    element('legend', { class: 'unseen' }, 'Model'),
    ...[...groups.values()].map(({ root }) => root),
    element('label', { class: 'choice other' }, otherRadio, other),
    element(
      'div',
      { class: 'shelf-end' },
      element('button', { type: 'submit', class: 'primary' }, options.action),
      localFiles(open),
    ),
    disk.root,
  );
  const root = element('form', { 'aria-label': 'Model' }, fields);
  let touched = false;

  for (const choice of options.offered) add(choice);
  arrange();
  select(rows[0]);
  await Promise.race([refresh(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);

  function add(choice: ModelChoice): ShelfRow {
    const known = rows.find(({ choice: { source } }) => source === choice.source);
    if (known) return known;
    const row = createShelfRow(choice, models, refresh);
    row.radio.addEventListener('change', () => {
      touched = true;
      select(row);
      row.look();
    });
    rows.push(row);
    return row;
  }

  function select(row: ShelfRow | undefined): void {
    if (row) row.radio.checked = true;
    for (const each of rows) each.setOpen(each === row);
    const group = row && groups.get(groupOf(row))?.root;
    if (group) group.open = true;
  }

  function groupOf(row: ShelfRow): Group {
    return row.cached ? 'here' : row.choice.place;
  }

  /** Puts every row into its group; those that are there already stay as they are. */
  function arrange(): void {
    const focused = document.activeElement;
    for (const [name, { root, list }] of groups) {
      const members = rows.filter((row) => groupOf(row) === name);
      if (name === 'here') members.sort((a, b) => b.cached!.lastUsed - a.cached!.lastUsed);
      members.forEach((row, i) => {
        if (list.children[i] !== row.root) list.insertBefore(row.root, list.children[i] ?? null);
      });
      root.hidden = members.length === 0;
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement) focused.focus();
  }

  async function refresh(): Promise<void> {
    let cached: CachedModel[];
    try {
      cached = await models.list();
    } catch {
      return; // nothing can be kept here: the page says so where it matters
    }
    for (const model of cached) {
      if (!rows.some(({ choice }) => isCachedAs(choice, model))) add(cachedChoice(model));
    }
    for (const row of rows) row.setCached(cached.find((model) => isCachedAs(row.choice, model)));
    arrange();
    // What is here needs no network: it is taken until somebody takes another.
    if (!touched) select(rows.filter(({ cached }) => cached?.complete).sort(byUse)[0] ?? rows[0]);
    await disk.refresh();
  }

  function open(choice: ModelChoice): void {
    if (fields.disabled) return;
    touched = true;
    select(add(choice));
    arrange();
    onLoad(choice);
  }

  function chosen(): ModelChoice | undefined {
    if (!otherRadio.checked) return rows.find(({ radio }) => radio.checked)?.choice;
    if (other.value.trim() !== '') return typedModel(other.value);
    other.focus();
    return undefined;
  }

  other.addEventListener('focus', () => {
    touched = true;
    otherRadio.checked = true;
    select(undefined);
  });
  otherRadio.addEventListener('change', () => other.focus());
  root.addEventListener('submit', (event) => {
    event.preventDefault();
    const choice = chosen();
    if (choice) onLoad(choice);
  });

  return {
    root,
    chosen,
    choose(choice) {
      touched = true;
      const row = add(choice);
      arrange();
      select(row);
    },
    setBusy(busy) {
      fields.disabled = busy;
      if (busy) for (const row of rows) row.pause();
    },
    refresh,
  };
}

const byUse = (a: ShelfRow, b: ShelfRow) => b.cached!.lastUsed - a.cached!.lastUsed;

/** The hub's list is long, and folded where something nearer is on offer. */
function createGroup(name: Group, title: string) {
  const list = element('div', { class: 'choices' });
  const root = element(
    'details',
    { class: `group ${name}`, open: name !== 'hub' },
    element('summary', {}, title),
    list,
  );
  return { root, list };
}
