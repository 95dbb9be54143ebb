/** Small functions that build and change the page. Data enters as text nodes and attributes, never as markup. */

/** Makes an element. `on...` properties become listeners. Properties that are null or false are left out. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Makes text for screen readers only. */
export const spoken = (text) => el('span', { class: 'visually-hidden' }, text);

/** Makes a text that people chose. It keeps its own direction, and its neighbours keep theirs. */
export const bdi = (text, properties = {}) => el('bdi', properties, text);

/**
 * Runs `work` while a control is shown as busy, with `words` in place of its own if they are given. A second
 * click meanwhile does nothing. The control keeps the focus and its width.
 */
export async function whileBusy(control, work, words = null) {
  if (control.getAttribute('aria-busy') === 'true') return;
  const label = words && control.querySelector('[data-label]');
  const before = label?.textContent;
  control.style.minWidth = `${control.offsetWidth}px`;
  control.setAttribute('aria-busy', 'true');
  control.setAttribute('aria-disabled', 'true');
  if (label) label.textContent = words;
  try {
    await work();
  } finally {
    control.removeAttribute('aria-busy');
    control.removeAttribute('aria-disabled');
    control.style.minWidth = '';
    if (label) label.textContent = before;
  }
}

/**
 * Makes a button with a word and perhaps an icon before it. `kind` is a list of classes, such as "primary".
 * @param {string} word
 * @param {((event: Event) => void) | null} run
 * @param {{kind?: string, picture?: Node | null, [attribute: string]: any}} [properties]
 */
export function button(word, run, { kind = '', picture = null, ...properties } = {}) {
  const attributes = { type: 'button', class: `button ${kind}`.trim(), onclick: run, ...properties };
  return el('button', attributes, picture, el('span', { 'data-label': '' }, word));
}

/** Returns a function that calls `work` when its own calls have paused for `pause` milliseconds. */
export function debounced(work, pause) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, pause);
  };
}
