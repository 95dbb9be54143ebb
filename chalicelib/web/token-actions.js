/** What an owner can do with a token: edit, rotate, pause, re-activate, revoke, and look at its usage. */

import { call } from './api.js';
import { confirmDialog } from './dialogs.js';
import { el, whileBusy } from './dom.js';
import { openEditDialog } from './edit.js';
import { errorToast, toast } from './notices.js';
import { openRotateDialog } from './rotate.js';
import { cell, rowButton } from './table.js';
import { everywhere } from './times.js';
import { labelOf, nameOf } from './token-row.js';
import { usageButton } from './usage.js';

const CHANGEABLE = { active: ['Edit', 'Rotate', 'Pause', 'Revoke'], inactive: ['Edit', 'Re-activate', 'Revoke'],
  idle: ['Edit', 'Re-activate', 'Revoke'], expired: ['Edit', 'Revoke'], revoked: [] };
const RUN = { Edit: edit, Rotate: rotate, Pause: pause, 'Re-activate': reactivate, Revoke: revoke };

const REVOKE = 'Whatever uses this token will be refused. This is final: a revoked token cannot be re-activated.';
const ALSO_REVOKES = {
  successor: ' It rotated itself, so its successor is revoked too.',
  predecessor: ' The token before it rotated itself and still works. It is revoked too.',
};
const SUCCESSOR_WORKS = ' Its successor goes on working.';
const UNKNOWN = ' If it rotated itself, its successor is revoked too.';

/** Makes the cell with the buttons that apply to a token. */
export function actionsCell(token, list) {
  const verbs = (CHANGEABLE[token.status] ?? []).filter((verb) => verb !== 'Rotate' || !token.successor_id);
  const buttons = verbs.map((verb) => {
    const run = (event) => act(event.currentTarget, token, list, RUN[verb]);
    const attributes = verb === 'Pause' || verb === 'Re-activate' ? {} : { 'aria-haspopup': 'dialog' };
    return rowButton(verb, `${verb} ${labelOf(token)}`, run, attributes);
  });
  return cell('Actions', { class: 'actions-cell' },
    el('div', { class: 'row-actions' }, ...buttons, usageButton(token)));
}

/** Reads a token again and shows it as it is now. */
export async function showAgain(id, list) {
  const { data, etag } = await call('GET', `/v1/tokens/${encodeURIComponent(id)}`);
  list.update(data);
  return { token: data, etag };
}

async function act(button, token, list, run) {
  const place = button.closest('td');
  place.querySelector('.row-problem')?.remove();
  await whileBusy(button, async () => {
    try {
      await run(token, list);
    } catch (problem) {
      errorToast(`${nameOf(token)}: ${problem.message}`);
      // The row may be gone or have changed elsewhere: what is shown must be what is.
      if (problem.status === 404) list.reload({ quietly: true });
      else if (problem.status === 409) await showAgain(token.id, list).catch(() => {});
      else place.append(el('p', { class: 'row-problem' }, problem.message));
    }
  });
}

async function changeStatus(token, list, status, nextVerb) {
  const path = `/v1/tokens/${encodeURIComponent(token.id)}`;
  const { data } = await call('PATCH', path, { body: { status } });
  list.update(data, nextVerb);
}

async function edit(token, list) {
  await openEditDialog(token, list);
}

async function rotate(token, list) {
  await openRotateDialog(token, list);
}

async function pause(token, list) {
  await changeStatus(token, list, 'inactive', 'Re-activate');
  const undo = async () => {
    try {
      await changeStatus(token, list, 'active', 'Pause');
      toast(`“${nameOf(token)}” is active again.`);
    } catch (problem) {
      errorToast(`${nameOf(token)}: ${problem.message}`);
    }
  };
  const text = `“${nameOf(token)}” is paused. It is refused until you re-activate it.${everywhere()}`;
  toast(text, { label: 'Undo', run: undo });
}

async function reactivate(token, list) {
  await changeStatus(token, list, 'active', 'Pause');
  toast(`“${nameOf(token)}” is active again.`);
}

async function revoke(token, list) {
  const text = REVOKE + await alsoRevoked(token);
  confirmDialog({
    title: `Revoke “${labelOf(token)}”?`,
    text,
    confirm: 'Revoke token',
    refocus: () => list.focus(token.id),
    act: async () => {
      await call('DELETE', `/v1/tokens/${encodeURIComponent(token.id)}`);
      toast(`“${nameOf(token)}” is revoked.${everywhere()}`);
      const reload = () => list.reload({ quietly: true });
      // Others of its line may be revoked with it.
      if (token.predecessor_id || token.successor_id) await reload();
      // It is revoked, whether or not it can be read again.
      else await showAgain(token.id, list).catch(reload);
    },
  });
}

/** Words what else ends with a token: what rotated itself ends together. */
async function alsoRevoked(token) {
  try {
    const [before, after] = await Promise.all([token.predecessor_id, token.successor_id].map(readAgain));
    const works = (other) => ['active', 'inactive', 'idle'].includes(other?.status);
    if (works(after)) return after.self_rotated ? ALSO_REVOKES.successor : SUCCESSOR_WORKS;
    return token.self_rotated && works(before) ? ALSO_REVOKES.predecessor : '';
  } catch {
    return UNKNOWN;
  }
}

/** Reads a token; null if there is none, or if its row is gone. */
async function readAgain(id) {
  if (!id) return null;
  try {
    return (await call('GET', `/v1/tokens/${encodeURIComponent(id)}`)).data;
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}
