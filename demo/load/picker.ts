// The model picker: offered models, a field for any other, a drop zone and a button for local files.
import { element } from '../look/element.ts';
import { bytes } from '../look/format.ts';
import { filesModel, typedModel, type ModelChoice } from './models.ts';

export interface Picker {
  root: HTMLElement;
  /** What is chosen now; undefined when "other" is chosen and its field is empty (the field gets the focus). */
  chosen(): ModelChoice | undefined;
  /** Adds a choice and takes it. */
  choose(choice: ModelChoice): void;
  setBusy(busy: boolean): void;
}

/** `onFiles` is called when files were dropped or picked: they need no further click. */
export function createPicker(options: {
  models: readonly ModelChoice[];
  action: string;
  onLoad: (choice: ModelChoice) => void;
}): Picker {
  const choices: ModelChoice[] = [];
  const list = element('div', { class: 'choices' });
  const other = element('input', {
    type: 'text',
    id: 'other-model',
    placeholder: 'https://….gguf, or owner/name:Q4_K_M on the Hugging Face hub',
    'aria-label': 'URL or hub id of another model',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const otherRadio = element('input', {
    type: 'radio',
    name: 'model',
    value: 'other',
    'aria-label': 'Another model',
  });
  const load = element('button', { type: 'submit', class: 'primary' }, options.action);
  const file = element('input', {
    type: 'file',
    accept: '.gguf,.safetensors,.json,.jinja',
    multiple: true,
    hidden: true,
    'aria-label': 'Model files',
  });
  const browse = element('button', { type: 'button' }, 'Open model files …');
  const drop = element(
    'div',
    { class: 'drop' },
    browse,
    element('span', { class: 'muted small' }, 'or drop them anywhere on this page'),
    file,
  );
  const root = element(
    'form',
    { class: 'picker', 'aria-label': 'Model' },
    list,
    element('label', { class: 'choice other' }, otherRadio, other),
    element('div', { class: 'picker-end' }, load, drop),
  );

  function add(choice: ModelChoice): void {
    const known = choices.findIndex(({ source }) => source === choice.source);
    if (known >= 0) {
      list.querySelectorAll('input')[known]!.checked = true;
      return;
    }
    const radio = element('input', { type: 'radio', name: 'model', value: choices.length, checked: true });
    choices.push(choice);
    const size = choice.bytes > 0 ? bytes(choice.bytes) : '';
    list.append(
      element(
        'label',
        { class: 'choice' },
        radio,
        element('span', { class: 'choice-name' }, choice.label),
        element('span', { class: 'muted small numbers' }, size),
      ),
    );
    radio.checked = true;
  }

  function chosen(): ModelChoice | undefined {
    if (!otherRadio.checked) {
      const value = new FormData(root).get('model');
      return choices[Number(value)];
    }
    if (other.value.trim() !== '') return typedModel(other.value);
    other.focus();
    return undefined;
  }

  const takeFiles = (files: FileList | null | undefined): void => {
    const choice = filesModel([...(files ?? [])]);
    if (!choice) return;
    add(choice);
    options.onLoad(choice);
  };

  for (const model of options.models) add(model);
  const first = list.querySelector('input');
  if (first) first.checked = true;
  other.addEventListener('focus', () => (otherRadio.checked = true));
  otherRadio.addEventListener('change', () => other.focus());
  browse.addEventListener('click', () => file.click());
  file.addEventListener('change', () => {
    takeFiles(file.files);
    file.value = '';
  });
  root.addEventListener('submit', (event) => {
    event.preventDefault();
    const choice = chosen();
    if (choice) options.onLoad(choice);
  });
  acceptDrops(takeFiles);

  return {
    root,
    chosen,
    choose: add,
    setBusy(busy) {
      for (const field of root.querySelectorAll('input, button')) field.toggleAttribute('disabled', busy);
    },
  };
}

/** The whole page takes a drop: who misses a box by an inch should not lose the page to the file. */
function acceptDrops(take: (files: FileList) => void): void {
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  let depth = 0;
  const mark = (over: boolean) => document.body.classList.toggle('dropping', over);
  document.addEventListener('dragenter', (event) => {
    if (hasFiles(event)) mark(++depth > 0);
  });
  document.addEventListener('dragleave', (event) => {
    if (hasFiles(event)) mark(--depth > 0);
  });
  document.addEventListener('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    mark(false);
    if (event.dataTransfer) take(event.dataTransfer.files);
  });
}
