/** Fields of forms: limits of text and messages about errors. */

import { limits } from './api.js';
import { lengthNote, lengthOf } from './text.js';

/** Returns the most characters of a text field. Its `data-limit` names the limit. */
const longestOf = (input) => limits[input.dataset.limit];

/** Returns whether the text of a field is longer than the server allows. */
export const isTooLong = (input) => lengthOf(input.value) > longestOf(input);

/** Shows below a text field how many characters are left or too many, now and at each change. */
export function watchLength(input) {
  const note = document.getElementById(input.dataset.note);
  const update = () => {
    const isWrong = isTooLong(input);
    note.textContent = lengthNote(input.value, longestOf(input));
    note.classList.toggle('too-long', isWrong);
    markInvalid(input, isWrong);
  };
  input.addEventListener('input', update);
  update();
}

/** Returns whether all these text fields are short enough, and puts the focus on the first one that is not. */
export function areShortEnough(inputs) {
  const wrong = inputs.find(isTooLong);
  wrong?.focus();
  return !wrong;
}

/** Shows or hides the message about a field's error. */
export function showError(text, isWrong, input = null) {
  text.hidden = !isWrong;
  if (input) markInvalid(input, isWrong);
}

function markInvalid(input, isWrong) {
  if (isWrong) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}
