/** Fields of forms: limits of text and messages about errors. */

import { limits } from './api.js';
import { el } from './dom.js';
import { icon } from './icons.js';
import { holdsToken } from './pasted.js';
import { lengthNote, lengthOf } from './text.js';

const TOKEN = 'Remove the string of the token. Other people read this text.';

/**
 * Makes a field for a text, with its label, and a note about what is wrong with it. `limit` is a name in `limits`.
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
  watchText(input, note, help);
  return field;
}

/** Returns the most characters of a text field. Its `data-limit` names the limit. */
const longestOf = (input) => limits[input.dataset.limit];

/** Returns whether the server would refuse the text of a field. */
const isRefused = (input) => holdsToken(input.value) || lengthOf(input.value) > longestOf(input);

/** Says below a text field what is wrong or how many characters are left, now and at each change, else `help`. */
function watchText(input, note, help) {
  const update = () => {
    const isWrong = isRefused(input);
    const words = holdsToken(input.value) ? TOKEN : lengthNote(input.value, longestOf(input)) || help;
    note.replaceChildren(...(isWrong ? [icon('circle-alert', { isSmall: true }), words] : [words].filter(Boolean)));
    note.classList.toggle('error', isWrong);
    markInvalid(input, isWrong);
  };
  input.addEventListener('input', update);
  update();
}

/** Returns whether the server would take all these texts, and puts the focus into the first one that it would not. */
export function areFit(fields) {
  const wrong = fields.map((field) => field.querySelector('input')).find(isRefused);
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
