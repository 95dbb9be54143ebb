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
const REVOKE_ROTATED = 'Whatever still uses this token will be refused. This is final. Its successor goes on working.';

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

function revoke(token, list) {
  confirmDialog({
    title: `Revoke “${labelOf(token)}”?`,
    text: token.successor_id ? REVOKE_ROTATED : REVOKE,
    confirm: 'Revoke token',
    refocus: () => list.focus(token.id),
    act: async () => {
      await call('DELETE', `/v1/tokens/${encodeURIComponent(token.id)}`);
      toast(`“${nameOf(token)}” is revoked.${everywhere()}`);
      // It is revoked, whether or not it can be read again.
      await showAgain(token.id, list).catch(() => list.reload({ quietly: true }));
    },
  });
}
