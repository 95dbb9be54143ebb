/** Counts of a user's tokens in words. `summary` is the server's, or null if it could not be read. */

import { counted } from './words.js';

const MOST = 1000;
const NOTHING_COUNTED = {
  restore: { label: 'The tokens from before work again', hint: 'Paused and idle tokens stay as they are.' },
  revoke: { label: 'The tokens from before are revoked now' },
};

/** Returns whether a user may have tokens that a change touches. */
export const mayHaveTokens = (summary) => isUnknown(summary) || summary.not_ended > 0;

/** Returns sentences about the tokens that a change of a user touches. `end` is "refused" or "revoked". */
export function consequence(summary, end) {
  if (isUnknown(summary)) return `All API tokens of the user are ${end}.`;
  if (!summary.not_ended) return 'The user has no API tokens left.';
  const number = numberOf(summary.not_ended, summary.is_complete);
  const verb = summary.not_ended === 1 ? 'is' : 'are';
  const what = `${number} API ${summary.not_ended === 1 ? 'token' : 'tokens'} of the user ${verb} ${end}.`;
  return `${what} ${usedLately(summary)}`;
}

/** Returns a sentence about the tokens that were used in the last 30 days, or "" if they were not counted. */
export function usedLately(summary) {
  if (isUnknown(summary)) return '';
  const { used_in_30_days: used, is_complete: isComplete } = summary;
  const verb = used === 1 ? 'was' : 'were';
  return used ? `${numberOf(used, isComplete)} ${verb} used in the last 30 days.`
    : 'None was used in the last 30 days.';
}

/** Returns the label and the hint of the two choices for the tokens of a user who is re-activated. */
export function choicesFor(summary) {
  if (isUnknown(summary)) return NOTHING_COUNTED;
  const { working, not_ended: all, is_complete: isComplete } = summary;
  const kept = all - working;
  const restored = `${these(working, isComplete)} ${working === 1 ? 'works' : 'work'} again`;
  return {
    restore: {
      label: working || !isComplete ? restored : 'No token works again at once',
      hint: kept ? `${counted(kept, 'paused or idle token')} ${kept === 1 ? 'stays' : 'stay'} as before.` : '',
    },
    revoke: { label: `${these(all, isComplete)} ${all === 1 ? 'is' : 'are'} revoked now` },
  };
}

/** Returns a sentence to append, or "": how many tokens a change has revoked. null stands for an unknown number. */
export function revokedTokens(revoked) {
  if (!revoked) return ' The tokens from before are revoked.';
  const { count, is_more: isMore } = revoked;
  if (!count && !isMore) return '';
  const number = numberOf(isMore && count >= MOST ? MOST + 1 : count, !isMore);
  return ` ${number} ${count === 1 ? 'token is' : 'tokens are'} revoked.`;
}

/** Returns whether the server counted none, but left out old tokens. */
function isUnknown(summary) {
  return !summary || (!summary.is_complete && !summary.not_ended);
}

function these(count, isComplete) {
  if (isComplete && count <= MOST) return count === 1 ? 'This token' : `These ${numberOf(count, true)} tokens`;
  return `${numberOf(count, isComplete)} ${count === 1 ? 'token' : 'tokens'}`;
}

function numberOf(count, isComplete) {
  if (count > MOST) return 'More than 1,000';
  return isComplete ? count.toLocaleString('en') : `At least ${count}`;
}
