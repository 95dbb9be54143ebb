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

/** Returns a copy of a template's content. */
export function fromTemplate(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  return /** @type {DocumentFragment} */ (template.content.cloneNode(true));
}

/** Runs `work` while `button` is disabled and shown as busy. A second click meanwhile does nothing. */
export async function whileBusy(button, work) {
  if (button.disabled) return;
  const hadFocus = document.activeElement === button;
  button.disabled = true;
  button.setAttribute('aria-busy', 'true');
  try {
    await work();
  } finally {
    button.disabled = false;
    button.removeAttribute('aria-busy');
    // A disabled button loses the focus, and a keyboard user would start again at the top.
    if (hadFocus && document.activeElement === document.body && button.isConnected) button.focus();
  }
}

/** Returns a function that calls `work` when its own calls have paused for `pause` milliseconds. */
export function debounced(work, pause) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, pause);
  };
}
