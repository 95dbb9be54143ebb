/** Text as the server trims and counts it: by its own table of white space, in code points. */

import { limits } from './api.js';
import { counted } from './words.js';

// All white space is in the Basic Multilingual Plane, so one UTF-16 unit is enough.
const WHITE_SPACE = new RegExp(`[${limits.white_space}]`);
const FEW_LEFT = 20;

/** Returns a text without white space at its ends. `String.trim` has another table. */
export function trimmed(text) {
  let [start, end] = [0, text.length];
  while (start < end && WHITE_SPACE.test(text[start])) start += 1;
  while (start < end && WHITE_SPACE.test(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

/** Returns the length of a trimmed text in code points. `String.length` counts UTF-16 units. */
export const lengthOf = (text) => [...trimmed(text)].length;

/** Returns a sentence about the characters that are left or too many, or "" while many are left. */
export function lengthNote(text, longest) {
  const left = longest - lengthOf(text);
  if (left > FEW_LEFT) return '';
  if (left >= 0) return `${counted(left, 'character')} left.`;
  return `${counted(-left, 'character')} too many. At most ${longest} are allowed.`;
}
