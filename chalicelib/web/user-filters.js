/** The filters of "Users". Some are the API's, the others leave out users that were read. */

import { DAY } from './times.js';

const AWAY = 90 * DAY;

/**
 * @typedef {object} Filter
 * @property {string} value in the address
 * @property {(count: number | null) => string} words `count` is null while it is not known
 * @property {Record<string, string>} query of the API
 * @property {(user: any) => boolean} matches
 */

/** @type {Filter[]} */
export const USER_FILTERS = [
  { value: 'administrators', words: (count) => (count === 1 ? 'administrator' : 'administrators'), query: {},
    matches: ({ role, status }) => role === 'admin' && status !== 'removed' },
  { value: 'deactivated', words: () => 'deactivated', query: { status: 'inactive' },
    matches: ({ status }) => status === 'inactive' },
  { value: 'without-tokens', words: () => 'without tokens', query: {},
    matches: ({ live_tokens: live, status }) => live === 0 && status !== 'removed' },
  { value: 'away', words: () => 'not signed in for 90 days', query: {},
    matches: ({ last_signed_in_at: at, status }) => Boolean(at) && Date.now() - Date.parse(at) > AWAY
      && status !== 'removed' },
  { value: 'removed', words: () => 'removed', query: { status: 'removed' },
    matches: ({ status }) => status === 'removed' },
];

/** Everybody who has an account. @type {Filter} */
export const EVERYBODY = { value: '', words: () => '', query: {}, matches: ({ status }) => status !== 'removed' };

/** Returns the filter of an address. */
export const userFilterOf = ({ show }) => USER_FILTERS.find(({ value }) => value === show) ?? EVERYBODY;

/** Returns the number of users of each filter, by its value. */
export function userCounts(users) {
  return Object.fromEntries([EVERYBODY, ...USER_FILTERS].map(({ value, matches }) =>
    [value, users.filter(matches).length]));
}

/** Returns the issuers of users, if there is more than one, else none. */
export function issuersOf(users, own) {
  const found = new Set([own, ...users.map(({ issuer }) => issuer)].filter(Boolean));
  return found.size > 1 ? [...found] : [];
}
