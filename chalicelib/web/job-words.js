/** Jobs that revoke or pause many tokens, in words. */

import { counted, numbered } from './words.js';

/** The most tokens that one job can name. */
export const MOST_NAMED = 1000;
/** Up to so many tokens are named in the question, and nothing is typed. */
export const MOST_SHOWN = 5;

/** The words of the actions. `before` is said of tokens that the job left as they were: of one, of many. */
const ACTIONS = {
  revoke: { verb: 'Revoke', doing: 'Revoking', done: 'revoked', before: ['was', 'were', 'revoked before'] },
  pause: { verb: 'Pause', doing: 'Pausing', done: 'paused', before: ['was', 'were', 'not active before'] },
};

/** Returns the words of a job's action. */
export const actionOf = ({ action }) => ACTIONS[action] ?? ACTIONS.revoke;

/** Returns a sentence about how far a job is. `expected` is the number that was counted before, or null. */
export function progressWords(job, expected = null) {
  const { doing, done } = actionOf(job);
  const { counts, progress } = job;
  const total = progress.total ?? expected;
  if (job.dry_run) return `Counting: ${numbered(counts.tokens)} so far.`;
  if (!total) return `${doing} tokens: ${numbered(counts.tokens)} ${done} so far.`;
  return `${doing} ${counted(total, 'token')}: ${numbered(Math.min(progress.done, total))} of ${numbered(total)} done.`;
}

/** Returns the sentences about a job that has ended. */
export function endWords(job) {
  const { done, before: [was, were, before] } = actionOf(job);
  const { tokens, people, already_revoked: already, not_found: missing, failed } = job.counts;
  const who = tokens ? ` of ${counted(people, 'person', 'people')}` : '';
  return [
    job.status === 'stopped' ? 'The job has stopped, because its administrator is not one any more.' : '',
    `${tokens ? counted(tokens, 'token') : 'No token'}${who} ${tokens > 1 ? 'are' : 'is'} ${done}.`,
    some(already, was, were, before),
    some(missing, was, were, 'not found'),
    some(failed, 'is', 'are', `not ${done}, because ${failed === 1 ? 'it' : 'they'} kept changing`),
  ].filter(Boolean).join(' ');
}

/** Returns a sentence about a number of tokens, or "" about none. */
const some = (count, one, many, words) => (count ? `${numbered(count)} ${count === 1 ? one : many} ${words}.` : '');

/** Returns the age of a count in words: "Counted 5 seconds ago". */
export const ageWords = (seconds) => (seconds < 1 ? 'Counted just now' : `Counted ${counted(seconds, 'second')} ago`);
