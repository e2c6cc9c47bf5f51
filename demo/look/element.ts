// Makes DOM elements in one expression; the pages have no framework.

type Child = Node | string;
type Attributes = Record<string, string | number | boolean | undefined>;

/**
 * An element with attributes (true: present without a value; false and undefined: left out) and
 * children. Strings become text nodes, never markup.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children);
  return made;
}

/** The element of the page with this id; throws when the page's HTML and script disagree. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return found;
}
