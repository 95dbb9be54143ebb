/** "Users", for administrators: who there is, and deactivating, re-activating and removing them. */

import { call, me } from './api.js';
import { confirmDialog } from './dialogs.js';
import { debounced, el } from './dom.js';
import { List } from './list.js';
import { toast } from './notices.js';
import { emailBeside, userName } from './people.js';
import { cell, rowButton, rowHead } from './table.js';
import { everywhere, timeElement } from './times.js';

const PAUSE_MILLISECONDS = 300;
const STATUSES = { active: 'Active', inactive: 'Inactive', removed: 'Removed' };
const COLUMNS = ['Name', 'Role', 'Status', 'Created'].map((label) => ({ label }));
const VERBS = { active: ['Deactivate', 'Remove'], inactive: ['Re-activate', 'Remove'], removed: [] };
const ASK = { Deactivate: askDeactivate, 'Re-activate': askReactivate, Remove: askRemove };

/** Returns the path of a user in the API. */
export const userPath = (id) => `/v1/users/${encodeURIComponent(id)}`;

/** Shows the list of users in `place`. */
export function showUserList(place) {
  const search = el('input', { type: 'search', id: 'search-users', maxlength: '100', autocomplete: 'off' });
  const filter = el('select', { id: 'filter-users' }, el('option', { value: '' }, 'All'),
    ...Object.entries(STATUSES).map(([value, word]) => el('option', { value }, word)));
  const issuer = el('select', { id: 'filter-issuers' }, el('option', { value: '' }, 'All'));
  const box = el('div', {});
  place.replaceChildren(toolbar(search, filter, issuer), box);
  const list = makeList(box, search, filter, issuer);
  search.addEventListener('input', debounced(() => list.reload(), PAUSE_MILLISECONDS));
  for (const select of [filter, issuer]) select.addEventListener('change', () => list.reload());
  return list.reload({ quietly: true });
}

function toolbar(search, filter, issuer) {
  const field = (kind, label, input) => el('div', { class: kind }, el('label', { for: input.id }, label), input);
  const byIssuer = field('field', 'Filter users by issuer', issuer);
  // Shown only if there is a choice.
  byIssuer.hidden = true;
  const form = el('form', { class: 'toolbar', role: 'search' }, field('field grow', 'Search users', search),
    field('field', 'Filter users by status', filter), byIssuer);
  form.addEventListener('submit', (event) => event.preventDefault());
  return form;
}

/** Adds the issuers of users to the filter, if it lacks them. */
function offerIssuers(issuer, users) {
  const known = new Set([...issuer.options].map((option) => option.value));
  const found = new Set([me.issuer, ...users.map((user) => user.issuer)]);
  issuer.append(...[...found].filter((url) => !known.has(url)).map((url) => el('option', { value: url }, url)));
  const [all, mine, ...others] = issuer.options;
  issuer.parentElement.hidden = !(all && mine && others.length);
}

function makeList(box, search, filter, issuer) {
  const clear = () => {
    search.value = filter.value = issuer.value = '';
    list.reload();
    search.focus();
  };
  const query = () => ({
    ...(search.value.trim() && { q: search.value.trim() }),
    ...(filter.value && { status: filter.value }),
    ...(issuer.value && { issuer: issuer.value }),
  });
  const notice = (users) => {
    offerIssuers(issuer, users);
    return null;
  };
  const list = new List(box, {
    path: '/v1/users', member: 'users', noun: 'user', caption: 'Users',
    columns: [...COLUMNS, { label: 'Actions', class: 'actions-head' }],
    query, clear, notice, empty: () => el('p', { class: 'empty' }, 'No users yet'), row: (user) => userRow(user, list),
  });
  return list;
}

function userRow(user, list) {
  const name = userName(user);
  const title = el('span', { class: 'name' }, name);
  if (user.id === me.id) title.append(' ', el('span', { class: 'chip' }, 'You'));
  return el('tr', { role: 'row', 'data-user-id': user.id, class: `is-${user.status}` },
    rowHead(title, emailBeside(user), issuerBeside(user)),
    cell('Role', {}, user.role === 'admin' ? 'Administrator' : 'User'),
    cell('Status', { 'data-status': user.status, class: 'status-cell' },
      el('span', { class: `status status-${user.status}` }, STATUSES[user.status] ?? user.status)),
    cell('Created', {}, timeElement(user.created_at, 'date')),
    cell('Actions', { class: 'actions-cell' }, el('div', { class: 'row-actions' }, ...buttons(user, name, list))));
}

/** Makes the issuer that is shown beside a user's name, if it differs from the signed-in user's. */
function issuerBeside(user) {
  return user.issuer === me.issuer ? null : el('span', { class: 'description' }, `Issuer: ${user.issuer}`);
}

function buttons(user, name, list) {
  // The server refuses these on the own account: nobody locks themselves out.
  const verbs = user.id === me.id ? [] : (VERBS[user.status] ?? []);
  const open = () => { location.hash = `#users/${encodeURIComponent(user.id)}`; };
  const asks = { 'aria-haspopup': 'dialog' };
  const ask = (verb) => rowButton(verb, `${verb} ${name}`, () => ASK[verb](user, list), asks);
  return [rowButton('Tokens', `Tokens of ${name}`, open), ...verbs.map(ask)];
}

async function change(user, list, body, words, more = '') {
  const { data } = await call('PATCH', userPath(user.id), { body });
  list.update(data);
  toast(`${userName(user)} is ${words}.${more}`);
}

function askDeactivate(user, list) {
  confirmDialog({
    title: `Deactivate ${userName(user)}?`,
    text: 'They are signed out and all of their API tokens are refused until you re-activate them.',
    confirm: 'Deactivate user',
    refocus: () => list.focus(user.id, 'Re-activate'),
    act: () => change(user, list, { status: 'inactive' }, 'deactivated', everywhere()),
  });
}

function askReactivate(user, list) {
  confirmDialog({
    title: `Re-activate ${userName(user)}?`,
    text: 'They can sign in again and generate tokens.',
    confirm: 'Re-activate user',
    isDangerous: false,
    choice: {
      label: 'Restore this user\'s tokens',
      hint: 'Their tokens from before work again at once. Without this they stay revoked for good.',
    },
    refocus: () => list.focus(user.id, 'Deactivate'),
    act: (restore) => change(user, list, { status: 'active', restore_tokens: restore }, 'active again'),
  });
}

function askRemove(user, list) {
  confirmDialog({
    title: `Remove ${userName(user)}?`,
    text: 'Their name and email are deleted and all of their API tokens are revoked for good. '
      + 'If they sign in again, they start afresh.',
    confirm: 'Remove user',
    refocus: () => list.focus(user.id, 'Tokens'),
    act: async () => {
      await call('DELETE', userPath(user.id));
      toast(`${userName(user)} is removed.${everywhere()}`);
      // They are removed, whether or not they can be read again.
      await call('GET', userPath(user.id)).then(({ data }) => list.update(data)).catch(() => list.reload());
    },
  });
}
