/** Small helpers to build and change the page. Data enters as text nodes and attributes, never as markup. */

/** Makes an element; `on...` properties become listeners, null and false ones are left out. */
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

/** Makes text that is heard but not seen. */
export const spoken = (text) => el('span', { class: 'visually-hidden' }, text);

/** Returns a copy of what a template holds. */
export function fromTemplate(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  return /** @type {DocumentFragment} */ (template.content.cloneNode(true));
}

/** Runs `work` with `button` disabled and shown as busy; a second click meanwhile does nothing. */
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
    // A disabled button loses the focus; a keyboard user would start again at the top.
    if (hadFocus && document.activeElement === document.body && button.isConnected) button.focus();
  }
}

/** Returns a function that calls `work` once its own calls have paused for `pause` milliseconds. */
export function debounced(work, pause) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, pause);
  };
}
