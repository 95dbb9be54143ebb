/** The dialog that changes the name and the description of a token, and the networks that may use it. */

import { call, tokenPath } from './api.js';
import { tellStale, tellToken } from './changes.js';
import { closeButton, onSubmit, openDialog, sendButton } from './dialogs.js';
import { bdi, el } from './dom.js';
import { areShortEnough, watchLength } from './fields.js';
import { errorToast, toast } from './notices.js';
import { nameOf } from './token-state.js';

const MEMBERS = ['name', 'description'];

/** Reads the token and opens the dialog on it. The first read makes a concurrent change detectable. */
export async function openEdit({ id, name }, { focus = 'name' } = {}) {
  const path = tokenPath(id);
  let token, etag;
  try {
    ({ data: token, etag } = await call('GET', path));
  } catch (problem) {
    errorToast(el('span', {}, bdi(nameOf({ name })), `: ${problem.message}`));
    if (problem.status === 404) tellStale();
    return;
  }
  tellToken(token);
  const inputs = Object.fromEntries(MEMBERS.map((member) => [member, el('input', textField(member, token))]));
  const dialog = openDialog({
    title: el('span', {}, 'Edit ', bdi(nameOf(token))),
    body: [field('name', 'Name', inputs.name), field('description', 'Description', inputs.description)],
    actions: [closeButton(), sendButton('Save')],
    size: 'generate',
  });
  for (const member of MEMBERS) watchLength(inputs[member]);
  if (focus === 'name') inputs.name.select();
  const save = async () => {
    // Send only changed members: an old name that would be refused today must not block a description.
    const changed = MEMBERS.filter((member) => inputs[member].value !== token[member]);
    if (!areShortEnough(changed.map((member) => inputs[member]))) return false;
    const body = Object.fromEntries(changed.map((member) => [member, inputs[member].value]));
    const { data } = await call('PATCH', path, { body, headers: etag ? { 'If-Match': etag } : {} });
    tellToken(data);
    toast(el('span', {}, bdi(nameOf(data)), ' is saved.'));
    return true;
  };
  const explain = async (problem) => {
    if (problem.status !== 412) return problem.message;
    const now = await call('GET', path).catch(() => null);
    if (!now) return problem.message;
    ({ data: token, etag } = now);
    tellToken(token);
    const described = token.description ? `, described as “${token.description}”` : '';
    return `${problem.message} It is now named “${nameOf(token)}”${described}. Save again to replace that.`;
  };
  onSubmit(dialog, save, { explain, words: 'Saving…' });
}

const textField = (member, token) => ({ id: `edit-${member}`, class: 'input', type: 'text', dir: 'auto',
  autocomplete: 'off', value: token[member], 'data-limit': `${member}_length`, 'data-note': `edit-${member}-note`,
  'aria-describedby': `edit-${member}-note` });

function field(member, label, input) {
  const optional = [' ', el('span', { class: 'optional' }, 'optional')];
  return el('div', { class: 'field' }, el('label', { class: 'label', for: input.id }, label, ...optional), input,
    el('div', { id: `edit-${member}-note`, class: 'help' }));
}
