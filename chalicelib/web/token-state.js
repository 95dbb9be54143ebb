/** What a token is now, in words: its status, its end and its access. The clock decides, not the last answer. */

import { limits, scopes } from './api.js';
import { DAY, dayOf, duration, until, written } from './times.js';
import { REVOCATION_REASONS, counted } from './words.js';

const WARNING = 7 * DAY;
const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz';

/** Returns the name of a token for people. */
export const nameOf = (token) => token.name || 'Unnamed token';

/** Returns the time at which the id of a token was made, in milliseconds. Ids begin with their time. */
export function timeOfId(id) {
  const digits = id.slice('tok_'.length, 'tok_'.length + 10);
  return [...digits].reduce((sum, digit) => sum * BASE32.length + BASE32.indexOf(digit), 0);
}

/**
 * Returns the state of a token at this moment: active, paused, idle, stopped, expired, revoked, rotated, still_used or
 * exposed. A token is stopped while its owner is deactivated. The server's status may be from before a deadline.
 */
export function stateOf(token) {
  return endedState(token) ?? presentState(token);
}

function endedState(token) {
  if (token.status === 'revoked') return revokedState(token);
  if (token.status === 'expired' || has(token.expires_at)) return 'expired';
  return has(token.overlap_ends_at) ? 'rotated' : null;
}

function presentState(token) {
  if (token.owner?.status === 'inactive') return 'stopped';
  if (token.overlap_ends_at) return isUsedInOverlap(token) ? 'still_used' : 'rotated';
  if (token.status === 'inactive') return 'paused';
  return token.status === 'idle' || has(token.idle_at) ? 'idle' : 'active';
}

/** Returns whether a token has ended for good at this moment. */
export function isEnded(token) {
  return token.status === 'revoked' || token.status === 'expired' || has(token.expires_at)
    || has(token.overlap_ends_at);
}

/** Returns whether a token was used after it was rotated, while it still works. */
export function isUsedInOverlap(token) {
  return Boolean(token.successor_id && token.last_used_at)
    && Date.parse(token.last_used_at) > timeOfId(token.successor_id);
}

/** @typedef {'' | 'quiet' | 'warn' | 'danger'} Tone */

/** @type {Record<string, [word: string, icon: string | null, tone: Tone]>} */
const STATES = {
  active: ['Active', null, ''],
  paused: ['Paused', 'pause', 'quiet'],
  idle: ['Idle', 'moon', 'warn'],
  stopped: ['Stopped', 'user-x', 'quiet'],
  expired: ['Expired', 'clock', 'quiet'],
  revoked: ['Revoked', 'ban', 'quiet'],
  rotated: ['Rotated', 'refresh-cw', 'quiet'],
  still_used: ['Still used', 'triangle-alert', 'warn'],
  exposed: ['Exposed', 'shield-alert', 'danger'],
};

/** @type {Record<string, (token: any, reason: string) => string>} */
const SECOND_LINES = {
  paused: (token) => (token.effective_by ? `since ${dayOf(token.effective_by)}` : ''),
  idle: (token) => `since ${dayOf(token.idle_at)}`,
  stopped: () => 'owner deactivated',
  rotated: (token) => (token.reuse_count ? triedAgain(token) : ''),
  still_used: (token) => `since ${dayOf(timeOfId(token.successor_id))}`,
  revoked: (token, reason) => reason,
  exposed: (token, reason) => reason,
};

/**
 * Returns the words for the status of a token. `reasons` replace those of `REVOCATION_REASONS`.
 * @returns {{word: string, icon: string | null, tone: Tone, second: string}}
 */
export function statusWords(token, reasons = {}) {
  const state = stateOf(token);
  const [word, icon, tone] = STATES[state];
  const reason = { ...REVOCATION_REASONS, ...reasons }[token.revoked_reason] ?? '';
  return { word, icon, tone, second: SECOND_LINES[state]?.(token, reason) ?? '' };
}

/**
 * Returns when a token ends, whichever end is first, with a second line and a tone.
 * @returns {{text: string, second: string, tone: Tone}}
 */
export function endsOf(token) {
  if (isEnded(token)) return { text: `Ended ${dayOf(endOf(token))}`, second: '', tone: 'quiet' };
  if (token.overlap_ends_at) return ending('Ends', token.overlap_ends_at, written(token.overlap_ends_at, 'moment'));
  const state = stateOf(token);
  if (['idle', 'paused', 'stopped'].includes(state)) {
    if (!token.expires_at) return { text: 'No expiry', second: '', tone: 'quiet' };
    return ending('Expires', token.expires_at, dayOf(token.expires_at));
  }
  if (token.expires_at && Date.parse(token.expires_at) <= Date.parse(token.idle_at)) {
    return ending('Expires', token.expires_at, written(token.expires_at, 'moment'));
  }
  return ending('Idle', token.idle_at, token.expires_at ? `Expires ${dayOf(token.expires_at)}` : 'No expiry');
}

/** Returns the moment at which an ended token ended, in ISO 8601. */
export function endOf(token) {
  const ends = [token.revoked_at, token.expires_at, token.overlap_ends_at].filter((each) => each && has(each));
  return ends.sort()[0] ?? token.updated_at;
}

/**
 * Returns the access of a token: the first scopes in words, the number of the others, and the networks.
 * @returns {{text: string, more: number, networks: string, isLimited: boolean}}
 */
export function accessOf({ scopes: names, allowed_networks: networks = [] }) {
  return {
    text: accessWords(names.slice(0, 2), { isAlone: false }),
    more: Math.max(0, names.length - 2),
    networks: networks.length ? counted(networks.length, 'network') : 'Anywhere',
    isLimited: networks.length > 0,
  };
}

/** Returns scopes in words: "Read and write", "Read, reports". One that is `isAlone` is "Read only". */
export function accessWords(names, { isAlone = true } = {}) {
  const [first = 'Nothing', ...others] = names.map(titleOf);
  if (!others.length) return names.length && isAlone ? `${first} only` : first;
  const isPair = others.length === 1 && first === 'Read' && others[0] === 'Write';
  return [first, ...others.map((title) => title.toLowerCase())].join(isPair ? ' and ' : ', ');
}

/** Returns the short words for a scope. A scope that is not known here is its own word. */
export const titleOf = (scope) => scopes[scope]?.title ?? scope;

/** Returns how long an unused token stays active, in words: "30 days". */
export const idleTimeout = () => duration(limits.idle_days * DAY);

function revokedState(token) {
  if (token.revoked_reason === 'exposed') return 'exposed';
  return token.revoked_reason === 'rotated' ? 'rotated' : 'revoked';
}

const triedAgain = ({ reuse_count: count }) => `tried ${count === 1 ? 'once' : counted(count, 'time')} since`;

/** @returns {{text: string, second: string, tone: Tone}} */
function ending(verb, iso, second) {
  const left = until(iso);
  // The rotation chose the end of an overlap, so it needs no warning.
  const tone = left <= WARNING && verb !== 'Ends' ? 'warn' : 'quiet';
  return { text: `${verb} in ${duration(left)}`, second, tone };
}

const has = (iso) => Boolean(iso) && until(iso) <= 0;
