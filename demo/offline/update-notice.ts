// A quiet line that offers the new version of the pages. Nothing reloads unasked.
import { element } from '../look/element.ts';
import { keepPages } from './service-worker.ts';

export function offerUpdates(): void {
  const line = element('div', { class: 'update', role: 'status' });
  document.body.append(line);
  void keepPages((start) => {
    const reload = element('button', { type: 'button', class: 'quiet' }, 'Reload');
    const later = element('button', { type: 'button', class: 'quiet' }, 'Later');
    reload.addEventListener('click', start);
    later.addEventListener('click', () => line.replaceChildren());
    line.replaceChildren(element('span', {}, 'A new version of this page is ready.'), reload, later);
  });
}
