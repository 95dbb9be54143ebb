/** What is wrong with a token, the worst first: at most one note in its own view. */

import { address, hrefOf } from './address.js';
import { bdi, button, el, whileBusy } from './dom.js';
import { icon } from './icons.js';
import { keepAlive, reactivate } from './token-actions.js';
import { REFUSALS } from './token-sections.js';
import { idleTimeout, isEnded, isUsedInOverlap, stateOf } from './token-state.js';
import { DAY, cacheBound, dayOf, duration, relative, until, written } from './times.js';
import { counted } from './words.js';

const NEAR = 7 * DAY;
const LATELY = 7 * DAY;
const NEVER_USED_AFTER = 30 * DAY;

/**
 * Makes the note about what is wrong with a token, or returns null. If an administrator reads it, `context.owner` is
 * the user id of the owner.
 */
export function warningOf(token, context) {
  const found = CASES.map((find) => find(token, context)).find(Boolean);
  return found ? note(found) : null;
}

function note({ tone = '', picture, strong, rest = '', action = null }) {
  return el('div', { class: `note ${tone}`.trim(), 'data-warning': '' }, icon(picture),
    el('p', {}, el('strong', {}, strong), ' ', rest), action);
}

function exposed(token) {
  if (stateOf(token) !== 'exposed') return null;
  return { tone: 'danger', picture: 'shield-alert', strong: 'It was found exposed.',
    rest: `It was revoked on ${dayOf(token.revoked_at)}. Replace it wherever it was used.` };
}

function usedInOverlap(token) {
  if (stateOf(token) !== 'still_used' || !isUsedInOverlap(token)) return null;
  return { tone: 'warn', picture: 'triangle-alert', strong: 'Something still uses this old string,',
    rest: `last ${relative(token.last_used_at)}${from(token)}. It works ${endWords(token.overlap_ends_at)}.` };
}

function usedAfterOverlap(token, context) {
  if (!token.reuse_count || !isEnded(token)) return null;
  return { tone: 'warn', picture: 'triangle-alert', strong: 'Something tried this old string',
    rest: `at least ${counted(token.reuse_count, 'time')} after it had ended, last ${relative(token.last_reused_at)}. `
      + 'The use was refused.', action: successorLink(token, context) };
}

function refusedLately({ refused }) {
  if (!refused?.count || -until(refused.last_at) > LATELY) return null;
  const reason = (REFUSALS[refused.last_reason] ?? '').toLowerCase();
  return { tone: 'warn', picture: 'triangle-alert', strong: `At least ${counted(refused.count, 'use')} refused,`,
    rest: `the last one ${relative(refused.last_at)}${reason ? `: ${reason}` : ''}.` };
}

function ending(token, context) {
  if (stateOf(token) !== 'active') return null;
  const isExpiry = token.expires_at && Date.parse(token.expires_at) <= Date.parse(token.idle_at);
  const end = isExpiry ? token.expires_at : token.idle_at;
  if (until(end) > NEAR) return null;
  const when = `${dayOf(end)} at ${written(end, 'clock')}.`;
  const left = duration(until(end));
  if (isExpiry) {
    const advice = context.owner ? '' : ' Rotate it now, and both strings work for as long as you say.';
    return { tone: 'warn', picture: 'triangle-alert', strong: `Expires in ${left},`, rest: `on ${when}${advice}` };
  }
  return { tone: 'warn', picture: 'triangle-alert', strong: `Goes idle in ${left},`,
    rest: `on ${when} A use before that keeps it alive.`,
    action: context.owner ? null : act('Keep alive', () => keepAlive(token)) };
}

function stopped(token) {
  if (stateOf(token) !== 'stopped') return null;
  const { name, id } = token.owner;
  const rest = el('span', {}, 'Its use is refused until ', name ? bdi(name) : 'the owner', ' is active again.');
  const href = hrefOf({ view: 'users', q: id });
  return { tone: 'warn', picture: 'user-x', strong: 'Its owner is deactivated.', rest,
    action: el('a', { class: 'button small', href, 'data-local': '' }, 'Show the owner') };
}

function away(token, context) {
  const state = stateOf(token);
  if (state === 'idle') {
    return { tone: 'warn', picture: 'moon', strong: 'It is idle.',
      rest: `It was not used for ${idleTimeout()}. Its use is refused until it is re-activated.`,
      action: act('Re-activate', () => reactivate(token, context.owner)) };
  }
  if (state !== 'paused') return null;
  const isEverywhere = !token.effective_by || until(token.effective_by) <= 0;
  const within = isEverywhere ? '' : `, everywhere within ${cacheBound()}`;
  return { picture: 'pause', strong: 'It is paused.',
    rest: `Its use is refused${within}, until it is re-activated.` };
}

function rotated(token, context) {
  if (stateOf(token) !== 'rotated') return null;
  const rest = isEnded(token) ? 'Its string is refused.' : `Its string works ${endWords(token.overlap_ends_at)}.`;
  return { picture: 'refresh-cw', strong: 'It was rotated.', rest, action: successorLink(token, context) };
}

function neverUsed(token) {
  if (stateOf(token) !== 'active' || token.last_used_at || -until(token.created_at) < NEVER_USED_AFTER) return null;
  return { picture: 'circle-dashed', strong: 'It was never used.', rest: 'Revoke it if you do not need it.' };
}

function successorLink(token, { owner }) {
  if (!token.successor_id) return null;
  const href = hrefOf({ ...address(), token: token.successor_id, owner });
  return el('a', { class: 'button small', href, 'data-local': '' }, 'Show its successor');
}

const act = (word, run) => button(word, (event) => whileBusy(event.currentTarget, run), { kind: 'small' });

const from = ({ last_used_from: network }) => (network ? ` from ${network}` : '');

const endWords = (iso) => `until ${written(iso, 'moment')}`;

/** @type {((token: any, context: any) => any)[]} */
const CASES = [exposed, stopped, usedInOverlap, usedAfterOverlap, refusedLately, ending, away, rotated, neverUsed];
