// The progress of a load: phase, bytes, rate, time left, and a way out.
import { element } from '../look/element.ts';
import { bytes, duration } from '../look/format.ts';
import type { Progress } from './engine.ts';

export interface LoadingView {
  root: HTMLElement;
  start(label: string): void;
  show(progress: Progress): void;
  stop(): void;
}

const PHASES: Record<Progress['phase'], string> = {
  open: 'Reading the header',
  weights: 'Loading weights',
  compile: 'Compiling kernels',
  ready: 'Ready',
  download: 'Downloading',
  verify: 'Checking',
};

const ORIGINS: Record<Progress['from'], string> = {
  network: 'from the network',
  cache: 'from this browser’s cache',
  file: 'from your file',
};

export function createLoadingView(onCancel: () => void): LoadingView {
  const title = element('span', { class: 'loading-title' });
  const bar = element('progress', { max: 1, 'aria-label': 'Loading the model' });
  const name = element('span', { class: 'loading-name muted small' });
  const figures = element('span', { class: 'muted small numbers' });
  const spoken = element('span', { class: 'unseen', role: 'status' });
  const cancel = element('button', { type: 'button', class: 'quiet' }, 'Cancel');
  cancel.addEventListener('click', onCancel);
  const root = element(
    'div',
    { class: 'loading', hidden: true },
    element('div', { class: 'loading-head' }, element('div', {}, title, name), cancel),
    bar,
    figures,
    spoken,
  );
  let label = '';
  let phase: Progress['phase'] | undefined;

  return {
    root,
    start(model) {
      label = model;
      name.textContent = model;
      phase = undefined;
      title.textContent = 'Loading';
      figures.textContent = 'Starting …';
      bar.removeAttribute('value');
      root.hidden = false;
    },
    show(progress) {
      if (progress.phase !== phase) {
        phase = progress.phase;
        title.textContent = PHASES[phase];
        spoken.textContent = `${PHASES[phase]}: ${label}`;
      }
      if (progress.phase === 'weights' && progress.total > 0) bar.value = progress.loaded / progress.total;
      else bar.removeAttribute('value');
      figures.textContent = figuresOf(progress);
    },
    stop() {
      root.hidden = true;
      spoken.textContent = '';
    },
  };
}

/** '42.0 of 98.4 MB from the network · 12.3 MB/s · 5 s left' */
export function figuresOf(progress: Progress): string {
  if (progress.phase === 'ready') return '';
  if (progress.total === 0) return progress.loaded > 0 ? bytes(progress.loaded) : 'Starting …';
  const parts = [`${bytes(progress.loaded)} of ${bytes(progress.total)} ${ORIGINS[progress.from]}`];
  if (progress.phase === 'weights' || progress.phase === 'download') {
    if (progress.bytesPerSecond > 0) parts.push(`${bytes(progress.bytesPerSecond)}/s`);
    if (progress.secondsLeft !== undefined) parts.push(`${duration(progress.secondsLeft)} left`);
  }
  return parts.join(' · ');
}
