/** The dialog that changes a token's name and description. */

import { call } from './api.js';
import { onSubmit, openDialog } from './dialogs.js';
import { areShortEnough, watchLength } from './fields.js';
import { toast } from './notices.js';
import { nameOf } from './token-row.js';

const MEMBERS = ['name', 'description'];

/** Reads the token and opens the dialog on it. The first read makes a concurrent change detectable. */
export async function openEditDialog({ id }, list) {
  const path = `/v1/tokens/${encodeURIComponent(id)}`;
  let { data: token, etag } = await call('GET', path);
  list.update(token, 'edit');
  const refocus = () => list.focus(id, 'edit');
  const dialog = openDialog('edit-dialog', { fill: (made) => fill(made, token), refocus });
  dialog.querySelector('input').select();
  const save = async ({ elements }) => {
    // Send only changed members: an old name that would be refused today must not block a description.
    const changed = MEMBERS.filter((member) => elements[member].value !== token[member]);
    if (!areShortEnough(changed.map((member) => elements[member]))) return false;
    const body = Object.fromEntries(changed.map((member) => [member, elements[member].value]));
    const { data } = await call('PATCH', path, { body, headers: etag ? { 'If-Match': etag } : {} });
    list.update(data);
    toast(`“${nameOf(data)}” is saved.`);
    return true;
  };
  const explain = async (problem) => {
    if (problem.status !== 412) return problem.message;
    const now = await call('GET', path).catch(() => null);
    if (!now) return problem.message;
    ({ data: token, etag } = now);
    list.update(token);
    const described = token.description ? `, described as “${token.description}”` : '';
    return `${problem.message} It is now named “${nameOf(token)}”${described}. Save again to replace that.`;
  };
  onSubmit(dialog, save, explain);
}

function fill(dialog, token) {
  const { elements } = dialog.querySelector('form');
  for (const member of MEMBERS) {
    elements[member].value = token[member];
    watchLength(elements[member]);
  }
}
