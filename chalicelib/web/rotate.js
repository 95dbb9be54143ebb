/** The dialog that replaces a token by a successor, which is shown once. */

import { call, limits } from './api.js';
import { showCreated } from './created.js';
import { onSubmit, openDialog } from './dialogs.js';
import { SECOND, momentOf } from './times.js';
import { nameOf } from './token-row.js';

const MAYBE = ' The token may have been rotated. Try again to find out.';
const ROTATED = 'This token was already rotated. Its successor is in the list. '
  + 'If you lost the successor\'s string, rotate the successor.';
// A retry from this dialog cannot change these.
const FINAL = ['token_rotated', 'token_revoked', 'token_expired', 'token_not_active', 'token_not_found'];

const path = (id) => `/v1/tokens/${encodeURIComponent(id)}`;

/** Opens the dialog. `list` shows the successor when it is created. */
export async function openRotateDialog(token, list) {
  const older = token.predecessor_id ? await stillWorking(token.predecessor_id) : null;
  let [focused, isUnsure] = [token.id, false];
  const refocus = () => {
    list.focus(focused, 'rotate');
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

/** Returns a predecessor if it still works. Another rotation ends it. */
async function stillWorking(id) {
  const found = await call('GET', path(id)).catch(() => null);
  return found?.data.status === 'active' ? found.data : null;
}

function fill(dialog, token, older) {
  const { overlap } = dialog.querySelector('form').elements;
  for (const option of [...overlap.options]) {
    if (Number(option.value) > limits.overlap_seconds) option.remove();
  }
  dialog.querySelector('h2').textContent = `Rotate “${nameOf(token)}”`;
  const hint = dialog.querySelector('[data-overlap-hint]');
  const update = () => { hint.textContent = consequence(token, Number(overlap.value)); };
  overlap.addEventListener('change', update);
  update();
  if (!older) return;
  const note = dialog.querySelector('[data-older]');
  const end = momentOf(older.overlap_ends_at);
  note.textContent = `The predecessor of this token still works until ${end}. A rotation ends it at once.`;
  note.hidden = false;
}

function consequence(token, seconds) {
  if (!seconds) return 'Programs that use this token are refused until they have the successor.';
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
