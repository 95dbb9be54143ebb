/** A search box that also takes the string of a token. The string is removed before the box shows it. */

import { limits } from './api.js';
import { debounced, el } from './dom.js';
import { icon } from './icons.js';
import { hasToken, tokenIdIn } from './pasted.js';
import { trimmed } from './text.js';

const PAUSE_MILLISECONDS = 200;

/**
 * Makes a search box. `search(text)` is called when the typing has paused. `pasted(id)` is called with the id of a
 * token, or null if its string cannot be read. The string itself reaches neither.
 *
 * @param {{label: string, search: (text: string) => void, pasted: (id: string | null) => void}} options
 */
export function searchField({ label, search, pasted }) {
  const input = /** @type {HTMLInputElement} */ (el('input', { type: 'search', class: 'input', autocomplete: 'off',
    autocapitalize: 'off', autocorrect: 'off', spellcheck: 'false', placeholder: label, 'aria-label': label,
    'aria-keyshortcuts': '/', enterkeyhint: 'search', maxlength: limits.search_length }));
  const later = debounced(() => search(trimmed(input.value)), PAUSE_MILLISECONDS);
  onText(input, { changed: later, pasted });
  const element = el('div', { class: 'search', role: 'search' }, icon('search'), input,
    el('kbd', { class: 'key', 'aria-hidden': 'true' }, '/'));
  return { element, input };
}

/**
 * Calls `changed()` when the text of a box has changed, but `pasted(id)` if the text would hold the string of a token.
 * Then the box is empty.
 *
 * @param {HTMLInputElement} input
 * @param {{changed: () => void, pasted: (id: string | null) => void}} listeners
 */
export function onText(input, { changed, pasted }) {
  const take = (text) => {
    input.value = '';
    pasted(tokenIdIn(text));
  };
  // A string that never enters the box cannot come back by "undo".
  input.addEventListener('beforeinput', (event) => {
    const text = withInput(input, event);
    if (!hasToken(text)) return;
    event.preventDefault();
    take(text);
  });
  input.addEventListener('paste', (event) => {
    // The box would cut off what is longer than its limit.
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (!hasToken(text)) return;
    event.preventDefault();
    take(text);
  });
  input.addEventListener('input', () => {
    if (hasToken(input.value)) take(input.value);
    else changed();
  });
}

/** Returns the text of a box as it will be after an input. */
function withInput({ value, selectionStart, selectionEnd }, event) {
  const added = event.data ?? event.dataTransfer?.getData('text/plain') ?? '';
  return value.slice(0, selectionStart) + added + value.slice(selectionEnd);
}
