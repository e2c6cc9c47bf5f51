// Markdown that is still being written -> DOM. What the model writes is untrusted: every block goes
// through DOMPurify, and the page's CSP refuses scripts and foreign images besides.
import DOMPurify from 'dompurify';
import { Marked } from 'marked';
import { element } from '../look/element.ts';

/** HTML in an answer is shown as text: it is there to be read. */
const marked = new Marked({
  renderer: { html: ({ text }) => escape(text) },
});

const TEXT = ['p', 'br', 'hr', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'a', 'ul', 'ol', 'li'];
const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];
const TABLES = ['table', 'thead', 'tbody', 'tr', 'th', 'td'];

const ALLOWED = {
  // Check boxes of task lists come as disabled inputs.
  ALLOWED_TAGS: TEXT.concat(HEADINGS, TABLES, ['input']),
  ALLOWED_ATTR: ['href', 'start', 'align', 'type', 'checked', 'disabled'],
};

/**
 * Shows `source` in `root`, one child per top-level block, and touches only the blocks that changed: a
 * growing answer costs its last block, and a selection in an earlier one survives.
 */
export function showMarkdown(root: HTMLElement, source: string): void {
  const blocks = marked.lexer(source).filter((token) => token.type !== 'space');
  blocks.forEach((token, index) => {
    const block = blockAt(root, index);
    if (block.dataset.source === token.raw) return;
    block.dataset.source = token.raw;
    block.innerHTML = DOMPurify.sanitize(marked.parser([token]), ALLOWED);
    for (const link of block.querySelectorAll('a')) {
      link.target = '_blank';
      link.rel = 'noopener noreferrer nofollow';
    }
  });
  while (root.children.length > blocks.length) root.lastElementChild?.remove();
}

function blockAt(root: HTMLElement, index: number): HTMLElement {
  const there = root.children[index];
  if (there instanceof HTMLElement) return there;
  const block = element('div', { class: 'block' });
  root.append(block);
  return block;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
