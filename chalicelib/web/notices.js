/** Messages about what happened: for screen readers, as toasts, and inside dialogs. */

import { el } from './dom.js';

const TOAST_MILLISECONDS = 10_000;
const ANNOUNCE_MILLISECONDS = 50;
const MOST_TOASTS = 3;

/** Lets screen readers say `text` after their present sentence. */
export function announce(text) {
  const announcer = document.getElementById('announcer');
  announcer.textContent = '';
  // Screen readers say the same words twice only if the text changed in between.
  setTimeout(() => { announcer.textContent = text; }, ANNOUNCE_MILLISECONDS);
}

/** Shows a line for ten seconds, or longer under pointer or focus. `action` is `{label, run}`. */
export function toast(text, action = null) {
  announce(text);
  const item = addToast(text, {}, action);
  const leave = () => {
    if (item.matches(':hover, :focus-within')) setTimeout(leave, TOAST_MILLISECONDS);
    else item.remove();
  };
  setTimeout(leave, TOAST_MILLISECONDS);
}

/** Shows an error until it is dismissed. */
export function errorToast(text) {
  addToast(text, { role: 'alert' }, null);
}

/** Shows inside a dialog what went wrong. null hides it. */
export function showProblem(box, text) {
  box.hidden = !text;
  box.textContent = text ?? '';
}

function addToast(text, attributes, action) {
  const item = el('div', { class: 'toast', ...attributes }, el('p', {}, text));
  const button = (label, run) => el('button', { type: 'button', class: 'button small', onclick: run }, label);
  if (action) item.append(button(action.label, () => { item.remove(); action.run(); }));
  item.append(button('Dismiss', () => item.remove()));
  const toasts = document.getElementById('toasts');
  toasts.append(item);
  while (toasts.children.length > MOST_TOASTS) toasts.firstElementChild.remove();
  return item;
}
