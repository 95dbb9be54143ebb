/** Fields of forms: limits of text and messages about errors. */

import { limits } from './api.js';
import { el } from './dom.js';
import { icon } from './icons.js';
import { lengthNote, lengthOf } from './text.js';

/**
 * Makes a field for a text, with its label, and a note about its length. `limit` is a name in `limits`.
 * @param {{label: string, name: string, limit: string, value?: string, placeholder?: string, help?: string,
 *   isOptional?: boolean}} options
 */
export function textField({ label, name, limit, value = '', placeholder = '', help = '', isOptional = false }) {
  const id = `field-${name}`;
  const input = el('input', { class: 'input', id, name, value, placeholder, autocomplete: 'off', 'data-limit': limit,
    dir: 'auto', 'data-note': `${id}-note`, 'aria-describedby': `${id}-note` });
  const note = el('p', { class: 'help', id: `${id}-note`, 'aria-live': 'polite' }, help);
  const field = el('div', { class: 'field' },
    el('label', { for: id, class: 'label' }, label,
      isOptional ? el('span', { class: 'optional' }, ' optional') : null), input, note);
  watchLength(input, note, help);
  return field;
}

/** Returns the most characters of a text field. Its `data-limit` names the limit. */
const longestOf = (input) => limits[input.dataset.limit];

/** Returns whether the text of a field is longer than the server allows. */
const isTooLong = (input) => lengthOf(input.value) > longestOf(input);

/** Shows below a text field how many characters are left or too many, now and at each change, else `help`. */
function watchLength(input, note, help) {
  const update = () => {
    const isWrong = isTooLong(input);
    const words = lengthNote(input.value, longestOf(input)) || help;
    note.replaceChildren(...(isWrong ? [icon('circle-alert', { isSmall: true }), words] : [words].filter(Boolean)));
    note.classList.toggle('error', isWrong);
    markInvalid(input, isWrong);
  };
  input.addEventListener('input', update);
  update();
}

/** Returns whether all these fields are short enough, and puts the focus into the first one that is not. */
export function areShortEnough(fields) {
  const wrong = fields.map((field) => field.querySelector('input')).find(isTooLong);
  wrong?.focus();
  return !wrong;
}

/** Makes the message about a field's error, hidden until it is true. */
export const errorText = (id, words) =>
  el('p', { class: 'help error', id, hidden: true }, icon('circle-alert', { isSmall: true }), words);

/** Shows or hides the message about a field's error. */
export function showError(text, isWrong, input = null) {
  text.hidden = !isWrong;
  if (input) markInvalid(input, isWrong);
}

function markInvalid(input, isWrong) {
  if (isWrong) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}
