/** The dialog that changes a token's name and description. */

import { call } from './api.js';
import { onSubmit, openDialog } from './dialogs.js';
import { toast } from './notices.js';
import { nameOf } from './token-row.js';

/** Reads the token, so that a change made elsewhere meanwhile is noticed, and opens the dialog on it. */
export async function openEditDialog({ id }, list) {
  const path = `/v1/tokens/${encodeURIComponent(id)}`;
  let { data: token, etag } = await call('GET', path);
  list.update(token, 'Edit');
  const refocus = () => list.focus(id, 'Edit');
  const dialog = openDialog('edit-dialog', { fill: (made) => fill(made, token), refocus });
  dialog.querySelector('input').select();
  const save = async ({ elements }) => {
    // Send only changed members: an old name that would be refused today must not block a description.
    const changed = ['name', 'description'].filter((member) => elements[member].value !== token[member]);
    const body = Object.fromEntries(changed.map((member) => [member, elements[member].value]));
    const { data } = await call('PATCH', path, { body, headers: etag ? { 'If-Match': etag } : {} });
    list.update(data);
    toast(`“${nameOf(data)}” is saved.`);
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
  const { name, description } = dialog.querySelector('form').elements;
  name.value = token.name;
  description.value = token.description;
}
