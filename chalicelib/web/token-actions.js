/** The actions of a token, for its owner and for administrators. */

import { go } from './address.js';
import { call, tokenPath } from './api.js';
import { tellStale, tellToken } from './changes.js';
import { bdi, el } from './dom.js';
import { errorToast, tellNotLoaded, toast } from './notices.js';
import { openRevoke } from './revoke.js';
import { fitting, isToken } from './shapes.js';
import { nameOf, stateOf } from './token-state.js';
import { dayOf, until } from './times.js';

/** @typedef {import('./menu.js').Item} Item */

/** @type {Record<string, string>} */
const ENDED = {
  expired: 'It has expired',
  revoked: 'It is revoked',
  exposed: 'It was exposed and is revoked',
  rotated: 'It was replaced and has ended',
};
const BACK_FIRST = 'Re-activate it first';
const ROTATED = 'It was rotated already';
const STOPPED = 'Its owner is deactivated';
const running = new Set();
/** What dismisses the offers to undo a pause, by the ids of the tokens. @type {Map<string, () => void>} */
const offers = new Map();

/**
 * Returns what can be done with a token now, by the names of the actions. Each is null, or the reason why not.
 * @returns {Record<'edit' | 'rotate' | 'pause' | 'reactivate' | 'keepAlive' | 'revoke', string | null>}
 */
export function reasonsAgainst(token) {
  const over = reasonOver(token);
  const expired = over ?? (stateOf(token) === 'expired' ? ENDED.expired : null);
  // A change would show nothing, because the token is refused until its owner is active again.
  const stopped = expired ?? (stateOf(token) === 'stopped' ? STOPPED : null);
  const working = stopped ?? (token.successor_id ? ROTATED : null) ?? (isAway(token) ? BACK_FIRST : null);
  return { edit: over, rotate: working, pause: stopped, reactivate: stopped, keepAlive: working, revoke: over };
}

/** Returns why a token that is revoked or replaced cannot change any more, or null. */
function reasonOver(token) {
  const isReplaced = Boolean(token.overlap_ends_at) && until(token.overlap_ends_at) <= 0;
  return token.status === 'revoked' || isReplaced ? ENDED[stateOf(token)] : null;
}

/** Returns whether a token is offered its re-activation in place of a pause. */
export const isAway = (token) => ['paused', 'idle'].includes(stateOf(token));

/**
 * Returns the actions of a token as items of a menu, by their names. What cannot be done has its reason. `away` is the
 * pause or the re-activation. If an administrator acts on the token, `owner` is the user id of its owner.
 *
 * @returns {Record<'open' | 'edit' | 'copy' | 'rotate' | 'away' | 'keepAlive' | 'revoke', Item>}
 */
export function actionItems(token, { owner = null } = {}) {
  const against = reasonsAgainst(token);
  const reasonNow = isAway(token) ? against.reactivate : against.pause;
  return {
    open: { label: 'Open', icon: 'panel-right-open', run: () => openToken(token.id, owner) },
    edit: { label: 'Edit', icon: 'pencil', opensDialog: true, run: () => edit(token), reason: against.edit },
    copy: { label: 'Copy token id', icon: 'copy', run: () => copyId(token.id) },
    rotate: { label: 'Rotate', icon: 'refresh-cw', opensDialog: true, run: () => rotate(token),
      reason: against.rotate },
    away: isAway(token)
      ? { label: 'Re-activate', icon: 'play', run: () => reactivate(token, owner), reason: reasonNow }
      : { label: 'Pause', icon: 'pause', run: () => pause(token, owner), reason: reasonNow },
    keepAlive: { label: 'Keep alive', icon: 'alarm-clock-check', run: () => keepAlive(token),
      reason: against.keepAlive },
    revoke: { label: 'Revoke…', icon: 'ban', isDanger: !against.revoke, opensDialog: true,
      run: () => openRevoke(token, { owner }), reason: against.revoke },
  };
}

/**
 * Returns the items of the menu of a token. If an administrator acts on the token, `owner` is the user id of its
 * owner.
 *
 * @returns {(Item | null)[]}
 */
export function menuItems(token, { owner = null } = {}) {
  const { open, edit: change, copy, rotate: replace, away, keepAlive: keep, revoke } = actionItems(token, { owner });
  return owner ? [open, copy, null, away, null, revoke]
    : [open, change, copy, null, replace, away, keep, null, revoke];
}

/** Shows the own view of a token. */
export function openToken(id, owner = null) {
  go({ token: id, owner });
}

/** Copies the id of a token, and says so. */
export async function copyId(id) {
  try {
    await navigator.clipboard.writeText(id);
    toast('Token id copied.');
  } catch {
    errorToast(`Your browser does not let this page copy. The token id is ${id}`);
  }
}

/** Opens the dialog that changes a token. `focus` is the field that has the focus first. */
export async function edit(token, { focus = 'name' } = {}) {
  const loaded = await import('./edit.js').catch(tellNotLoaded);
  await loaded?.openEdit(token, { focus });
}

/** Opens the dialog that rotates a token. */
export async function rotate(token) {
  const loaded = await import('./rotate.js').catch(tellNotLoaded);
  await loaded?.openRotate(token);
}

/** Pauses a token. The toast offers to take that back. */
export function pause(token, owner = null) {
  return attempt(token, owner, 'Not paused', async () => {
    await setStatus(token, owner, 'inactive');
    const undo = { label: 'Undo', run: () => reactivate(token, owner) };
    offers.set(token.id, toast(about(token, ' is paused.'), undo));
  });
}

/** Re-activates a paused or idle token. */
export function reactivate(token, owner = null) {
  return attempt(token, owner, 'Not re-activated', async () => {
    await setStatus(token, owner, 'active');
    // "Is paused" is not true any more.
    offers.get(token.id)?.();
    offers.delete(token.id);
    toast(about(token, ' is active again.'));
  });
}

/** Begins the idle time of a token anew. */
export function keepAlive(token) {
  return attempt(token, null, 'Not kept alive', async () => {
    const { data } = await call('POST', `${tokenPath(token.id)}/keep-alive`).then(fitting(isToken));
    tellToken(data);
    toast(about(data, ` stays alive until ${aliveUntil(data)}.`));
  });
}

function aliveUntil({ idle_at: idle, expires_at: expiry }) {
  return expiry && Date.parse(expiry) < Date.parse(idle) ? `it expires on ${dayOf(expiry)}` : dayOf(idle);
}

async function setStatus(token, owner, status) {
  const { data } = await call('PATCH', tokenPath(token.id, owner), { body: { status } }).then(fitting(isToken));
  tellToken(data);
}

/** Does an action. If it fails, a toast says what was not done and why, and offers to try again if that may help. */
async function attempt(token, owner, failure, work) {
  const key = `${failure} ${token.id}`;
  // A second click means the same action.
  if (running.has(key)) return;
  running.add(key);
  try {
    await work();
  } catch (problem) {
    const again = { label: 'Try again', run: () => attempt(token, owner, failure, work) };
    if (problem.status === 0) errorToast(`${failure}: the server did not answer.`, again);
    else errorToast(about(token, `: ${problem.message}`), problem.status >= 500 ? again : null);
    await showPresent(token, owner, problem.status);
  } finally {
    running.delete(key);
  }
}

/** After an error, the lists must not show the old token: it may be gone or have changed elsewhere. */
async function showPresent(token, owner, status) {
  if (status === 404) tellStale();
  if (status !== 409) return;
  const present = await call('GET', tokenPath(token.id, owner)).then(fitting(isToken)).catch(() => null);
  if (present) tellToken(present.data);
}

/** Makes a sentence that begins with the name of a token. */
const about = (token, rest) => el('span', {}, bdi(nameOf(token)), rest);
