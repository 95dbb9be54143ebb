/** The dialog that replaces a token by a successor, which is shown once as a new token is. */

import { call } from './api.js';
import { showCreated } from './created.js';
import { onSubmit, openDialog } from './dialogs.js';
import { momentOf } from './times.js';
import { nameOf } from './token-row.js';

const SECOND = 1000;
const MAYBE = ' It may have been rotated all the same: try again to find out.';
const ROTATED = 'This token was rotated already. Its successor is in the list: '
  + 'if its string was lost, rotate that one.';
// What trying again from this dialog cannot change.
const FINAL = ['token_rotated', 'token_revoked', 'token_expired', 'token_not_active', 'token_not_found'];

const path = (id) => `/v1/tokens/${encodeURIComponent(id)}`;

/** Opens the dialog; `list` shows the successor when it is made. */
export async function openRotateDialog(token, list) {
  const older = token.predecessor_id ? await stillWorking(token.predecessor_id) : null;
  let [focused, isUnsure] = [token.id, false];
  const refocus = () => {
    list.focus(focused, 'Rotate');
    if (document.activeElement === document.body) list.focus(token.id);
  };
  const dialog = openDialog('rotate-dialog', { fill: (made) => fill(made, token, older), refocus });
  dialog.addEventListener('close', () => { if (isUnsure) list.reload({ quietly: true }); });

  const send = async ({ elements: { overlap } }) => {
    const body = { overlap_seconds: Number(overlap.value) };
    const { data } = await call('POST', `${path(token.id)}/rotate`, { body });
    [focused, isUnsure] = [data.id, false];
    showCreated(dialog, data);
    list.reload({ quietly: true });
    return false;
  };
  const explain = ({ code, status, message }) => {
    isUnsure = status === 0 || status >= 500;
    if (FINAL.includes(code)) {
      leaveOnlyClose(dialog);
      list.reload({ quietly: true });
    }
    if (code === 'token_rotated') return ROTATED;
    return isUnsure ? message + MAYBE : message;
  };
  onSubmit(dialog, send, explain);
}

/** The token that this one replaced, where that still works: rotating again ends it. */
async function stillWorking(id) {
  const found = await call('GET', path(id)).catch(() => null);
  return found?.data.status === 'active' ? found.data : null;
}

function fill(dialog, token, older) {
  const { overlap } = dialog.querySelector('form').elements;
  dialog.querySelector('h2').textContent = `Rotate “${nameOf(token)}”`;
  const hint = dialog.querySelector('[data-overlap-hint]');
  const update = () => { hint.textContent = consequence(token, Number(overlap.value)); };
  overlap.addEventListener('change', update);
  update();
  if (!older) return;
  const note = dialog.querySelector('[data-older]');
  const end = momentOf(older.overlap_ends_at);
  note.textContent = `The token before this one still works, until ${end}. Rotating ends it right away.`;
  note.hidden = false;
}

function consequence(token, seconds) {
  if (!seconds) return 'Whatever uses it is refused until it has the successor.';
  const end = Date.now() + seconds * SECOND;
  const expiry = token.expires_at ? Date.parse(token.expires_at) : Infinity;
  return expiry <= end ? `Until it expires on ${momentOf(expiry)}.` : `Until ${momentOf(end)}.`;
}

function leaveOnlyClose(dialog) {
  const close = dialog.querySelector('[data-close]');
  close.textContent = 'Close';
  for (const part of dialog.querySelectorAll('[data-question], [type=submit]')) part.hidden = true;
  close.focus();
}
