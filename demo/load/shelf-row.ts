// One model on the shelf: its name, size and licence, how much of it is here; and, when it is chosen, what it takes on
// this device, its download, and what can be done with its bytes.
import { element } from '../look/element.ts';
import { bytes } from '../look/format.ts';
import { Download } from './download.ts';
import type { CachedModel, Models } from './engine.ts';
import { failureNotice, failureOf, wasAborted } from './failure.ts';
import { fitOf } from './fit.ts';
import { figuresOf } from './loading.ts';
import type { ModelChoice } from './models.ts';

export interface ShelfRow {
  readonly choice: ModelChoice;
  readonly root: HTMLElement;
  readonly radio: HTMLInputElement;
  readonly cached: CachedModel | undefined;
  /** What the cache has of it. */
  setCached(cached: CachedModel | undefined): void;
  /** Shows its details, or hides them. */
  setOpen(open: boolean): void;
  /** Asks what it takes; a plan reads the model's header, so only those that somebody looks at are asked. */
  look(): void;
  /** Ends its download, if one runs. */
  pause(): void;
}

/** A moment's rest on a row, so that the arrow keys can pass over others. */
const LOOK_MS = 300;

const MAKE_ROOM =
  'Other models can go for it: those that were used longest ago, as many as it needs, and none that is loaded.';

/** `onCacheChange` is called when bytes came or went. */
export function createShelfRow(
  choice: ModelChoice,
  models: Models,
  onCacheChange: () => Promise<void>,
): ShelfRow {
  const radio = element('input', { type: 'radio', name: 'model' });
  const meta = element('span', { class: 'choice-meta muted small numbers' });
  const label = element(
    'label',
    { class: 'choice' },
    radio,
    element('span', { class: 'choice-text' }, element('span', { class: 'choice-name' }, choice.label), meta),
  );
  const fit = element('p', { class: 'fit muted small', role: 'status' });
  const bar = element('progress', { max: 1, 'aria-label': `Download of ${choice.label}` });
  const figures = element('p', { class: 'muted small numbers' });
  const actions = element('div', { class: 'choice-actions' });
  const trouble = element('div');
  const details = element(
    'div',
    { class: 'choice-details', hidden: true },
    fit,
    bar,
    figures,
    trouble,
    actions,
  );
  const root = element('div', { class: 'model' }, label, details);
  const isLocal = typeof choice.source !== 'string';
  let cached: CachedModel | undefined;
  let verifying: AbortController | undefined;
  let planning: AbortController | undefined;
  let planned = false;
  /** The last download found no room. */
  let full = false;
  let license = choice.license;
  const download = new Download(models, choice.source, show);

  const button = (text: string, onClick: () => void, name = text) => {
    const made = element(
      'button',
      { type: 'button', class: 'quiet', 'aria-label': `${name} ${choice.label}` },
      text,
    );
    made.addEventListener('click', onClick);
    return made;
  };
  const lookButton = button('What it takes', () => void plan(), 'What it takes:');
  const fetchButton = button('Download', () => void fetchAll());
  const roomButton = button('Delete others for it', () => void fetchAll(true), 'Delete other models for');
  const pauseButton = button('Pause', () => download.pause());
  const verifyButton = button('Verify', () => void verify());
  const stopButton = button('Stop', () => verifying?.abort(), 'Stop verifying');
  const deleteButton = button('Delete', () => confirm(true));
  const sureButton = button('Delete for good', () => void remove());
  const keepButton = button('Keep it', () => confirm(false));
  let sure = false;
  show();

  async function fetchAll(makeRoom = false): Promise<void> {
    trouble.replaceChildren();
    full = false;
    const ended = download.run(makeRoom);
    pauseButton.focus();
    await ended;
    if (download.state === 'failed') {
      const failure = failureOf(download.error);
      full = failure.code === 'storage-full' && !makeRoom;
      trouble.replaceChildren(
        failureNotice(failure),
        ...(full ? [element('p', { class: 'small' }, MAKE_ROOM)] : []),
      );
      show();
    }
    await onCacheChange();
    // What is left to download was part of it.
    if (planned) void plan();
  }

  async function verify(): Promise<void> {
    if (!cached || verifying) return;
    const controller = new AbortController();
    verifying = controller;
    trouble.replaceChildren();
    show();
    stopButton.focus();
    try {
      const report = await models.verify(cached.id, {
        signal: controller.signal,
        onProgress: ({ loaded, total }) => {
          bar.value = total > 0 ? loaded / total : 0;
          figures.textContent = `Checked ${bytes(loaded)} of ${bytes(total)}`;
        },
      });
      fit.textContent =
        report.damaged === 0
          ? 'Every byte is as it was stored.'
          : `${report.damaged} of ${report.checked} pieces were damaged and are gone; a download brings them back.`;
    } catch (error) {
      if (!wasAborted(error)) trouble.replaceChildren(failureNotice(failureOf(error)));
    }
    verifying = undefined;
    show();
    verifyButton.focus();
    await onCacheChange();
  }

  function confirm(asks: boolean): void {
    sure = asks;
    show();
    (asks ? keepButton : deleteButton).focus();
  }

  async function remove(): Promise<void> {
    if (!cached) return;
    download.pause();
    try {
      await models.delete(cached.id);
      download.reset();
      fit.textContent = '';
      planned = false;
    } catch (error) {
      trouble.replaceChildren(failureNotice(failureOf(error)));
    }
    sure = false;
    radio.focus();
    await onCacheChange();
  }

  function show(): void {
    const running = download.state === 'running';
    const here = cached ? (cached.complete ? 'on this device' : `${percent(cached)} on this device`) : '';
    const size = choice.bytes || cached?.bytes || 0;
    meta.textContent = [license, size > 0 ? bytes(size) : '', running ? 'downloading' : here]
      .filter(Boolean)
      .join(' · ');
    root.classList.toggle('here', cached?.complete === true);
    const { progress } = download;
    const partial = progress !== undefined && download.state !== 'idle';
    bar.hidden = !partial && !running && !verifying;
    if (progress && progress.total > 0) bar.value = progress.loaded / progress.total;
    else if (running) bar.removeAttribute('value');
    figures.hidden = bar.hidden;
    if (running || partial) {
      const so = progress ? figuresOf(progress) : 'Starting …';
      figures.textContent = running ? so : `Paused at ${progress ? bytes(progress.loaded) : 'its start'}.`;
    }
    fetchButton.textContent = cached || download.progress ? 'Resume download' : 'Download';
    fetchButton.setAttribute('aria-label', `${fetchButton.textContent} ${choice.label}`);
    const shown = sure
      ? [
          element('span', { class: 'small' }, `Delete ${bytes(cached?.storedBytes ?? 0)} from this device?`),
          sureButton,
          keepButton,
        ]
      : [
          ...(running ? [pauseButton] : cached?.complete || isLocal ? [] : [fetchButton]),
          ...(verifying ? [stopButton] : cached && !running ? [verifyButton] : []),
          ...(cached && !running && !verifying ? [deleteButton] : []),
          ...(full ? [roomButton] : []),
          ...(planned ? [] : [lookButton]),
        ];
    const focused = document.activeElement;
    // Made anew only when it changes: a button that is pressed must not go away under the finger.
    if (shown.length !== actions.children.length || shown.some((child, i) => actions.children[i] !== child)) {
      const had = actions.contains(focused);
      actions.replaceChildren(...shown);
      if (had && focused instanceof HTMLElement) {
        const heir = actions.contains(focused) ? focused : actions.querySelector('button');
        (heir ?? radio).focus();
      }
    }
    actions.hidden = shown.length === 0;
  }

  async function plan(): Promise<void> {
    const controller = new AbortController();
    planning?.abort();
    planning = controller;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (controller.signal.aborted) return;
    if (!planned) fit.textContent = 'Reading what it takes …';
    try {
      const plan = await models.plan({ model: choice.source, signal: controller.signal });
      const { fits, text } = fitOf(plan);
      license ??= plan.license;
      planned = true;
      fit.textContent = text;
      fit.classList.toggle('bad', !fits);
      show();
    } catch (error) {
      if (controller.signal.aborted || wasAborted(error)) {
        if (!planned && planning === controller) fit.textContent = '';
        return;
      }
      const { message } = failureOf(error);
      fit.textContent = cached ? '' : `What it takes is not known: ${message}`;
    }
  }

  return {
    choice,
    root,
    radio,
    get cached() {
      return cached;
    },
    setCached(now) {
      cached = now;
      if (!now) sure = false;
      show();
    },
    setOpen(open) {
      details.hidden = !open;
      if (!open) planning?.abort();
    },
    look: () => void (planned || plan()),
    pause: () => download.pause(),
  };
}

function percent({ storedBytes, bytes }: CachedModel): string {
  return bytes > 0 ? `${Math.min(99, Math.floor((storedBytes / bytes) * 100))}%` : 'a part';
}
