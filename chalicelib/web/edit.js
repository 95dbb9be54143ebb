/** The dialog that changes the name and the description of a token, and the networks that may use it. */

import { call, tokenPath } from './api.js';
import { tellStale, tellToken } from './changes.js';
import { closeButton, onSubmit, openDialog, sendButton } from './dialogs.js';
import { bdi, el } from './dom.js';
import { areFit, textField } from './fields.js';
import { NetworksField } from './networks-field.js';
import { errorToast, toast } from './notices.js';
import { fitting, isToken } from './shapes.js';
import { nameOf } from './token-state.js';

const MEMBERS = ['name', 'description'];

/**
 * Reads the token and opens the dialog on it. The first read makes a concurrent change detectable. `focus` is "name"
 * or "networks", the field that has the focus first.
 */
export async function openEdit({ id, name }, { focus = 'name' } = {}) {
  const path = tokenPath(id);
  let token, etag;
  try {
    ({ data: token, etag } = await call('GET', path).then(fitting(isToken)));
  } catch (problem) {
    errorToast(el('span', {}, bdi(nameOf({ name })), `: ${problem.message}`));
    if (problem.status === 404) tellStale();
    return;
  }
  tellToken(token);
  const fields = [textField({ label: 'Name', name: 'name', limit: 'name_length', value: token.name }),
    textField({ label: 'Description', name: 'description', limit: 'description_length', value: token.description,
      isOptional: true })];
  const networks = new NetworksField({ value: token.allowed_networks });
  const dialog = openDialog({
    title: el('span', {}, 'Edit ', bdi(nameOf(token))),
    size: 'generate',
    hasClose: true,
    body: [el('div', { class: 'field-pair' }, ...fields), networks.element],
    actions: [closeButton(), sendButton('Save')],
  });
  if (focus === 'name') fields[0].querySelector('input').select();
  else /** @type {HTMLElement} */ (networks.element.querySelector('input:checked')).focus();
  const save = async (form) => {
    // Send only changed members: an old name that would be refused today must not block a description.
    const given = { name: form.elements.name.value, description: form.elements.description.value,
      allowed_networks: networks.value };
    const changed = Object.keys(given).filter((member) => String(given[member]) !== String(token[member]));
    if (!areFit(fields.filter((_, index) => changed.includes(MEMBERS[index])))) return false;
    if (!networks.check()) return false;
    const body = Object.fromEntries(changed.map((member) => [member, given[member]]));
    const { data } = await call('PATCH', path, { body, headers: etag ? { 'If-Match': etag } : {} })
      .then(fitting(isToken));
    tellToken(data);
    toast(el('span', {}, bdi(nameOf(data)), ' is saved.'));
    return true;
  };
  const explain = async (problem) => {
    if (problem.status !== 412) return problem.message;
    const now = await call('GET', path).then(fitting(isToken)).catch(() => null);
    if (!now) return problem.message;
    ({ data: token, etag } = now);
    tellToken(token);
    const described = token.description ? `, described as “${token.description}”` : '';
    const from = token.allowed_networks.join(', ') || 'anywhere';
    return `${problem.message} It is now named “${nameOf(token)}”${described}, and works from ${from}. `
      + 'Save again to replace that.';
  };
  onSubmit(dialog, save, { explain, words: 'Saving…' });
}
