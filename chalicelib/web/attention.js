/** The notices above the list of the user's tokens. The server counts, so they do not depend on the loaded rows. */

import { call } from './api.js';
import { el } from './dom.js';
import { nameOf } from './token-row.js';
import { DAY, until } from './times.js';

const LATELY = 7 * DAY;
const USED_AFTER = 'If one of your programs did this, give it the successor. '
  + 'If you do not know who did this, rotate the successor too.';
const USED_BESIDE = 'Give the successor to the program before the old string stops working.';

let round = 0;

/** Reads the user's summary and shows in `place` what needs attention. */
export async function showAttention(place) {
  round += 1;
  const mine = round;
  try {
    const { data } = await call('GET', '/v1/tokens/summary');
    if (mine === round) show(place, noticesOf(data));
  } catch {
    // The list tells that the server cannot be reached. What was shown may still be true.
  }
}

function show(place, notices) {
  // Screen readers must not say an unchanged notice again.
  if (place.textContent !== notices.map((notice) => notice.textContent).join('')) place.replaceChildren(...notices);
}

function noticesOf({ used_after_overlap: after, used_in_overlap: beside }) {
  const notices = [];
  // A page may be open for days after its clock moved on.
  if (after.count && -until(after.at) < LATELY) notices.push(callout(usedAfter(after), USED_AFTER));
  if (beside.count) notices.push(callout(usedBeside(beside), USED_BESIDE));
  return notices;
}

function usedAfter({ count, token_name: name }) {
  const named = `“${nameOf({ name })}”`;
  return count === 1 ? `${named} was used after it was rotated. The use was refused.`
    : `${count} rotated tokens were used after they had ended, the last one was ${named}. The uses were refused.`;
}

function usedBeside({ count, token_name: name }) {
  const named = `“${nameOf({ name })}”`;
  return count === 1 ? `The old string of ${named} is still used, although it was rotated.`
    : `The old strings of ${count} rotated tokens are still used, the last one was ${named}.`;
}

function callout(what, hint) {
  return el('div', { class: 'callout' }, el('p', {}, what), el('p', { class: 'hint' }, hint));
}
