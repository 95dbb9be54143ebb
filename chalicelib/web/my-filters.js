/** What "My tokens" can show: filters, the orders and the search. They agree with the server's summary and lists. */

import { limits } from './api.js';
import { endOf, isEnded, stateOf } from './token-state.js';
import { DAY, duration, until } from './times.js';
import { numbered } from './words.js';

const SOON = 7 * DAY;
const SOON_IDLE_DAYS = [7, 3, 1];
const LATELY = 7 * DAY;
const USED = 30 * DAY;
/** The order without a choice. */
export const DEFAULT_SORT = '-last_used_at';

/**
 * A filter. `count(summary)` is its number. `words(summary)` follow the number. `shows(token, tokens)` chooses rows.
 *
 * @typedef {object} Filter
 * @property {string} key its value in the address
 * @property {(summary: any) => number} count
 * @property {(summary: any) => string} words
 * @property {(token: any, tokens: Map<string, any>) => boolean} shows
 * @property {string} [icon]
 * @property {'warn' | 'danger'} [tone]
 * @property {boolean} [isOffered] false if only links lead to it
 * @property {boolean} [mayHaveEnded] whether it shows tokens that have ended
 */

/** @type {Filter[]} */
export const FILTERS = [
  { key: 'live', count: ({ live }) => live, words: ({ limit }) => `live of ${numbered(limit)}`, shows: isLive },
  { key: 'expiring', icon: 'clock', tone: 'warn', count: ({ expiring }) => expiring.count,
    words: ({ expiring }) => (expiring.count === 1 ? 'expires this week' : 'expire this week'),
    shows: (token) => isWorking(token) && isWithin(token.expires_at, SOON) },
  { key: 'idling', icon: 'moon', tone: 'warn', count: ({ idling }) => idling.count,
    words: idlingWords, shows: isIdling },
  { key: 'still_used', icon: 'triangle-alert', tone: 'warn', count: (summary) => summary.used_in_overlap.count,
    words: () => 'rotated, still used', shows: (token) => stateOf(token) === 'still_used' },
  { key: 'tried', icon: 'triangle-alert', tone: 'warn', count: (summary) => summary.used_after_overlap.count,
    words: () => 'rotated, tried again', shows: (token) => wasLately(token.last_reused_at), mayHaveEnded: true },
  { key: 'exposed', icon: 'shield-alert', tone: 'danger', count: ({ exposed }) => exposed.count,
    words: () => 'exposed', mayHaveEnded: true,
    shows: (token) => token.revoked_reason === 'exposed' && wasLately(token.revoked_at) },
  { key: 'refused', icon: 'circle-alert', tone: 'warn', count: ({ refused }) => refused.count,
    words: () => 'refused', mayHaveEnded: true,
    shows: ({ refused }) => refused.last_reason !== 'rotated' && wasLately(refused.last_at) },
  { key: 'never_used', count: (summary) => summary.never_used.count, words: () => 'never used',
    shows: (token) => isWorking(token) && !token.last_used_at },
  { key: 'unused', count: (summary) => summary.not_ended - summary.used_in_30_days, isOffered: false,
    words: () => 'not used for 30 days', shows: (token) => !isEnded(token) && !wasUsed(token) },
  { key: 'paused', count: ({ statuses }) => statuses.inactive, words: () => 'paused',
    shows: (token) => !isEnded(token) && token.status === 'inactive' },
  { key: 'idle', count: ({ statuses }) => statuses.idle, words: () => 'idle',
    shows: (token) => !isEnded(token) && isIdle(token) },
  { key: 'ended', count: (summary) => summary.ended, words: () => 'ended',
    shows: isEnded, mayHaveEnded: true },
];

/** Shows all tokens. @type {Omit<Filter, 'count' | 'words'> & Partial<Filter>} */
export const ALL = { key: '', shows: () => true, mayHaveEnded: true };

/** Returns the filter that the address names, else the one that shows all tokens. */
export const filterOf = (key) => FILTERS.find((each) => each.key === key) ?? ALL;

const collator = new Intl.Collator(undefined, { numeric: true });
const byText = (one, other) => (one < other ? -1 : Number(one > other));

/**
 * The orders, by the server's names. `of` returns the value of a token, or null, and `first` is the direction of the
 * first click.
 *
 * @type {Record<string, {of: (token: any) => any, compare: (one: any, other: any) => number, first: string}>}
 */
export const SORTS = {
  name: { of: (token) => token.name || null, compare: collator.compare, first: 'name' },
  last_used_at: { of: (token) => token.last_used_at, compare: byText, first: '-last_used_at' },
  ends_at: { of: nextEnd, compare: byText, first: 'ends_at' },
};

/** The orders in words, for phones. @type {Record<string, string>} */
export const ORDERS = {
  [DEFAULT_SORT]: 'Last used first',
  last_used_at: 'Longest unused first',
  ends_at: 'Ending soonest first',
  '-ends_at': 'Ending last first',
  name: 'Name, A to Z',
  '-name': 'Name, Z to A',
};

/** Returns the order that the address names, or the usual one. */
export const sortOf = (given) => (Object.hasOwn(SORTS, columnOf(given ?? '')) ? given : DEFAULT_SORT);

/** Returns the column of an order. */
export const columnOf = (sort) => sort.replace(/^-/, '');

/** Returns tokens in an order. Those without the value come last both ways. Between equals the newest is first. */
export function sorted(tokens, sort) {
  const { of, compare } = SORTS[columnOf(sort)];
  const sign = sort.startsWith('-') ? -1 : 1;
  return tokens.map((token) => ({ token, value: of(token) })).sort((one, other) => {
    if (one.value === null || other.value === null) {
      return Number(one.value === null) - Number(other.value === null) || byText(other.token.id, one.token.id);
    }
    return sign * compare(one.value, other.value) || byText(other.token.id, one.token.id);
  }).map(({ token }) => token);
}

/** Returns a function that tells whether a token has a text in its name or description, or as its id. */
export function matching(text) {
  const key = searchKey(text);
  return (token) => !key || token.id === text
    || [token.name, token.description].some((each) => searchKey(each).includes(key));
}

/** Returns a text as searches compare it, without case and accents, as the server does. */
const searchKey = (text) => text.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').toUpperCase().toLowerCase();

function isLive(token, tokens) {
  if (isEnded(token)) return false;
  const successor = tokens.get(token.successor_id);
  return !successor || isEnded(successor);
}

const isIdle = (token) => token.status === 'idle' || (token.status === 'active' && until(token.idle_at) <= 0);

/** Returns whether a token is active, and not one that ends because it was rotated. */
const isWorking = (token) => stateOf(token) === 'active' && !token.successor_id;

function isIdling(token) {
  const days = SOON_IDLE_DAYS.find((each) => each < limits.idle_days) ?? 0;
  const isFirst = !token.expires_at || token.idle_at < token.expires_at;
  return isWorking(token) && isFirst && isWithin(token.idle_at, days * DAY);
}

function idlingWords({ idling: { count, at } }) {
  if (count === 1) return `goes idle in ${duration(Math.max(0, until(at)))}`;
  return limits.idle_days > SOON_IDLE_DAYS[0] ? 'go idle this week' : 'go idle soon';
}

const wasUsed = ({ last_used_at: used }) => Boolean(used) && -until(used) < USED;

const isWithin = (iso, time) => Boolean(iso) && until(iso) <= time;

const wasLately = (iso) => Boolean(iso) && -until(iso) < LATELY;

/** Returns when a token ended or ends next, or null. Paused and idle tokens cannot go idle. */
function nextEnd(token) {
  if (isEnded(token)) return endOf(token);
  const idle = stateOf(token) === 'paused' || isIdle(token) ? null : token.idle_at;
  return [token.expires_at, token.overlap_ends_at, idle].filter(Boolean).sort()[0] ?? null;
}
