// What this page's data takes of the disk, and whether the browser may take it away.
import { element } from '../look/element.ts';
import { bytes } from '../look/format.ts';
import type { Models } from './engine.ts';

export interface DiskView {
  root: HTMLElement;
  refresh(): Promise<void>;
}

export function createDiskView(models: Models): DiskView {
  const bar = element('progress', { max: 1, value: 0, 'aria-label': 'Disk used by this page' });
  const figures = element('span', { class: 'muted small numbers' });
  const keep = element('button', { type: 'button', class: 'quiet' }, 'Keep my models');
  const answer = element('span', { class: 'muted small', role: 'status' });
  const root = element(
    'div',
    { class: 'disk', hidden: true },
    bar,
    element('div', { class: 'disk-line' }, figures, keep, answer),
  );

  async function refresh(): Promise<void> {
    const usage = await models.usage().catch(() => undefined);
    root.hidden = !usage;
    if (!usage) return;
    bar.value = usage.quota > 0 ? usage.usage / usage.quota : 0;
    figures.textContent = `${bytes(usage.usage)} of the ${bytes(usage.quota)} that this browser allows`;
    keep.hidden = usage.persisted;
    if (usage.persisted) answer.textContent = 'Kept until you delete it.';
  }

  keep.addEventListener('click', async () => {
    const agreed = await models.persist();
    answer.textContent = agreed
      ? 'Kept until you delete it.'
      : 'The browser did not agree: when the disk is full it may take models away.';
    keep.hidden = agreed;
  });

  return { root, refresh };
}
