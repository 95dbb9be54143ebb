/** The actions of a token's owner: edit, rotate, pause, re-activate, revoke, and show the usage. */

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

const ACTIONS_BY_STATUS = {
  active: ['edit', 'rotate', 'pause', 'revoke'],
  inactive: ['edit', 'reactivate', 'revoke'],
  idle: ['edit', 'reactivate', 'revoke'],
  expired: ['edit', 'revoke'],
  revoked: [],
};
const RUN = { edit: openEditDialog, rotate: openRotateDialog, pause, reactivate, revoke };
const OPENS_DIALOG = ['edit', 'rotate', 'revoke'];

const REVOKE = 'Programs that use this token will be refused. A revoked token cannot be re-activated.';
const ALSO_REVOKES = {
  successor: ' It rotated itself, so its successor is revoked too.',
  predecessor: ' The token before it rotated itself and still works. It is revoked too.',
};
const SUCCESSOR_WORKS = ' Its successor keeps working.';
const UNKNOWN = ' If it rotated itself, its successor is revoked too.';

/** Makes the cell with the buttons for a token's actions. */
export function actionsCell(token, list) {
  const actions = (ACTIONS_BY_STATUS[token.status] ?? [])
    .filter((action) => action !== 'rotate' || !token.successor_id);
  const buttons = actions.map((action) => {
    const run = (event) => act(event.currentTarget, token, list, RUN[action]);
    const attributes = OPENS_DIALOG.includes(action) ? { 'aria-haspopup': 'dialog' } : {};
    return rowButton(action, labelOf(token), run, attributes);
  });
  return cell('actions', { class: 'actions-cell' },
    el('div', { class: 'row-actions' }, ...buttons, usageButton(token)));
}

/** Reads a token again and shows its present state. */
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
      // The token may be gone or have changed elsewhere, so the page must not show the old row.
      if (problem.status === 404) list.reload({ quietly: true });
      else if (problem.status === 409) await showAgain(token.id, list).catch(() => {});
      else place.append(el('p', { class: 'row-problem' }, problem.message));
    }
  });
}

async function changeStatus(token, list, status, nextAction) {
  const path = `/v1/tokens/${encodeURIComponent(token.id)}`;
  const { data } = await call('PATCH', path, { body: { status } });
  list.update(data, nextAction);
}

async function pause(token, list) {
  await changeStatus(token, list, 'inactive', 'reactivate');
  const undo = async () => {
    try {
      await changeStatus(token, list, 'active', 'pause');
      toast(`“${nameOf(token)}” is active again.`);
    } catch (problem) {
      errorToast(`${nameOf(token)}: ${problem.message}`);
    }
  };
  const text = `“${nameOf(token)}” is paused. It is refused until you re-activate it.${everywhere()}`;
  toast(text, { label: 'Undo', run: undo });
}

async function reactivate(token, list) {
  await changeStatus(token, list, 'active', 'pause');
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
      // Other tokens of its line may be revoked with it.
      if (token.predecessor_id || token.successor_id) await reload();
      // It is revoked, even if it cannot be read again.
      else await showAgain(token.id, list).catch(reload);
    },
  });
}

/** Returns a sentence about the tokens that are revoked with a token. Tokens that rotated themselves end together. */
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

/** Reads a token. Returns null without an id, or if its row is gone. */
async function readAgain(id) {
  if (!id) return null;
  try {
    return (await call('GET', `/v1/tokens/${encodeURIComponent(id)}`)).data;
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}
