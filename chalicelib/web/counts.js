/** Counts of a user's tokens in words. `summary` is the server's, or null if it could not be read. */

import { counted } from './words.js';

const MOST = 1000;

/** Returns whether a user may have tokens that a change touches. */
export const mayHaveTokens = (summary) => isUnknown(summary) || summary.not_ended > 0;

/** Returns the tokens that end, as the object of a sentence: "its 12 tokens". */
export function itsTokens(summary) {
  if (isUnknown(summary)) return 'all its tokens';
  if (!summary.not_ended) return '';
  return `its ${tokens(summary.not_ended, summary.is_complete)}`;
}

/** Returns sentences about the tokens that a change of a user touches. `end` is how: "refused at once". */
export function consequence(summary, end) {
  if (isUnknown(summary)) return `All tokens of the user are ${end}.`;
  if (!summary.not_ended) return 'The user has no tokens left.';
  const verb = summary.not_ended === 1 ? 'is' : 'are';
  const what = capital(`${tokens(summary.not_ended, summary.is_complete)} ${verb} ${end}.`);
  return `${what} ${usedLately(summary)}`;
}

/** Returns a sentence about the tokens that were used in the last 30 days, or "" if they were not counted. */
function usedLately(summary) {
  if (isUnknown(summary)) return '';
  const { used_in_30_days: used, is_complete: isComplete } = summary;
  const verb = used === 1 ? 'was' : 'were';
  return used ? `${capital(numberOf(used, isComplete))} ${verb} used in the last 30 days.`
    : 'None was used in the last 30 days.';
}

/** Returns the question about the tokens of a user who is re-activated. */
export function questionFor(summary) {
  if (isUnknown(summary)) return 'What happens to the tokens from before?';
  const { not_ended: count, is_complete: isComplete } = summary;
  return `What happens to the ${tokens(count, isComplete)} from before?`;
}

/**
 * Returns the two choices for the tokens of a user who is re-activated. Each has a label, a hint, and the words of
 * the button.
 */
export function choicesFor(summary) {
  const unknown = isUnknown(summary);
  return {
    restore: {
      label: 'They work again',
      hint: unknown ? 'All of them, at once. Paused and idle tokens stay as they are.' : restoreHint(summary),
      confirm: unknown ? 'Re-activate with the tokens' : restoreWords(summary),
    },
    revoke: {
      label: 'They are revoked now',
      hint: `${unknown ? 'All of them' : all(summary)}, for good. What still uses them stays refused.`,
      confirm: unknown ? 'Re-activate, revoke the tokens'
        : `Re-activate, revoke ${tokens(summary.not_ended, summary.is_complete)}`,
    },
  };
}

/** Returns a sentence to append, or "": how many tokens a change has revoked. null stands for an unknown number. */
export function revokedTokens(revoked) {
  if (!revoked) return ' The tokens from before are revoked.';
  const { count, is_more: isMore } = revoked;
  if (!count && !isMore) return '';
  const number = capital(tokens(isMore && count >= MOST ? MOST + 1 : count, !isMore));
  return ` ${number} ${count === 1 ? 'is' : 'are'} revoked.`;
}

/** Returns whether the server counted none, but left out old tokens. */
function isUnknown(summary) {
  return !summary || (!summary.is_complete && !summary.not_ended);
}

function restoreHint(summary) {
  const { working, not_ended: count, is_complete: isComplete } = summary;
  const kept = count - working;
  const some = isComplete && count <= MOST ? `${working} of ${count}` : capital(numberOf(working, isComplete));
  const begin = working || !isComplete ? `${kept ? some : all(summary)}, at once.` : 'None at once.';
  const rest = kept ? ` ${counted(kept, 'paused or idle token')} ${kept === 1 ? 'stays as it is' : 'stay as they are'}.`
    : '';
  return `${begin}${rest} ${usedLately(summary)}`;
}

function restoreWords({ not_ended: count, is_complete: isComplete }) {
  return `Re-activate with ${tokens(count, isComplete)}`;
}

function all({ not_ended: count, is_complete: isComplete }) {
  if (isComplete && count === 1) return 'The only one';
  return isComplete && count <= MOST ? `All ${numberOf(count, true)}` : capital(numberOf(count, isComplete));
}

const tokens = (count, isComplete) => `${numberOf(count, isComplete)} ${count === 1 ? 'token' : 'tokens'}`;

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function numberOf(count, isComplete) {
  if (count > MOST) return 'more than 1,000';
  return isComplete ? count.toLocaleString('en') : `at least ${count}`;
}
