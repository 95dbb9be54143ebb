/** Messages about what happened: for screen readers, as toasts, and inside dialogs. */

import { el } from './dom.js';
import { icon } from './icons.js';

const TOAST_MILLISECONDS = 8000;
const ANNOUNCE_MILLISECONDS = 50;
const MOST_TOASTS = 3;
const NOT_LOADED = 'This part of the page could not be loaded. Check your connection and try again.';

/** Lets screen readers say `text` after their present sentence. */
export function announce(text) {
  const announcer = document.getElementById('announcer');
  announcer.textContent = '';
  // Screen readers say the same words twice only if the text changed in between.
  setTimeout(() => { announcer.textContent = text; }, ANNOUNCE_MILLISECONDS);
}

/**
 * Shows a line for eight seconds, or longer under pointer or focus. With an `action`, `{label, run}`, it stays until
 * it is dismissed. `text` is a string, or an element if a name is in it. Returns a function that dismisses it.
 */
export function toast(text, action = null) {
  announce(text.textContent ?? text);
  const item = addToast(text, 'circle-check', {}, action);
  const dismiss = () => item.remove();
  if (action) return dismiss;
  const leave = () => {
    if (item.matches(':hover, :focus-within')) setTimeout(leave, TOAST_MILLISECONDS);
    else item.remove();
  };
  setTimeout(leave, TOAST_MILLISECONDS);
  return dismiss;
}

/** Shows an error until it is dismissed. */
export function errorToast(text, action = null) {
  addToast(text, 'circle-alert', { role: 'alert' }, action);
}

/** Says that the code of a part of the page could not be loaded. @returns {null} */
export function tellNotLoaded() {
  errorToast(NOT_LOADED);
  return null;
}

/** Shows inside a dialog what went wrong. null hides it. */
export function showProblem(box, text) {
  box.hidden = !text;
  box.textContent = text ?? '';
}

function addToast(text, picture, attributes, action) {
  const item = el('div', { class: 'toast', ...attributes }, icon(picture), el('p', {}, text));
  const act = () => {
    item.remove();
    action.run();
  };
  if (action) item.append(el('button', { type: 'button', class: 'link', onclick: act }, action.label));
  const dismiss = { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss', onclick: () => item.remove() };
  item.append(el('button', dismiss, icon('x')));
  const toasts = document.getElementById('toasts');
  toasts.append(item);
  while (toasts.children.length > MOST_TOASTS) toasts.firstElementChild.remove();
  placeNotices();
  return item;
}

/**
 * Moves the messages into the modal dialog that is open now, or back to the page. Everything outside a modal dialog
 * can neither be clicked nor be heard, and the newest dialog covers what was shown before it.
 */
export function placeNotices() {
  const dialogs = document.querySelectorAll('dialog:modal');
  const place = dialogs[dialogs.length - 1] ?? document.body;
  const [announcer, toasts] = ['announcer', 'toasts'].map((id) => document.getElementById(id));
  if (toasts.matches(':popover-open')) toasts.hidePopover();
  if (announcer.parentElement !== place) place.append(announcer, toasts);
  if (toasts.children.length) toasts.showPopover();
}
