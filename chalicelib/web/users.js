/** "Users", for administrators: the list of users, and dialogs that deactivate, re-activate and remove them. */

import { call, me } from './api.js';
import { confirmDialog } from './dialogs.js';
import { choicesFor, consequence, mayHaveTokens, revokedTokens, usedLately } from './counts.js';
import { debounced, el, whileBusy } from './dom.js';
import { isTooLong, watchLength } from './fields.js';
import { List } from './list.js';
import { toast } from './notices.js';
import { emailBeside, userName } from './people.js';
import { cell, rowButton, rowHead } from './table.js';
import { trimmed } from './text.js';
import { everywhere, timeElement } from './times.js';
import { ROLES, USER_STATUSES } from './words.js';

const PAUSE_MILLISECONDS = 300;
const USER_COLUMNS = ['name', 'role', 'status', 'created'].map((id) => ({ id }));
const ACTIONS_BY_STATUS = { active: ['deactivate', 'remove'], inactive: ['reactivate', 'remove'], removed: [] };
const ASK = { deactivate: askDeactivate, reactivate: askReactivate, remove: askRemove };

/** Returns the path of a user in the API. */
export const userPath = (id) => `/v1/users/${encodeURIComponent(id)}`;

/** Shows the list of users in `place`. */
export function showUserList(place) {
  const search = el('input', {
    type: 'search', id: 'search-users', autocomplete: 'off', 'aria-describedby': 'search-users-note',
    'data-limit': 'search_length', 'data-note': 'search-users-note',
  });
  const filter = el('select', { id: 'filter-users' }, el('option', { value: '' }, 'All'),
    ...Object.entries(USER_STATUSES).map(([value, word]) => el('option', { value }, word)));
  const issuer = el('select', { id: 'filter-issuers' }, el('option', { value: '' }, 'All'));
  const box = el('div', {});
  place.replaceChildren(toolbar(search, filter, issuer), box);
  const list = makeList(box, search, filter, issuer);
  watchLength(search);
  const find = () => { if (!isTooLong(search)) list.reload(); };
  search.addEventListener('input', debounced(find, PAUSE_MILLISECONDS));
  for (const select of [filter, issuer]) select.addEventListener('change', () => list.reload());
  return list.reload({ quietly: true });
}

function toolbar(search, filter, issuer) {
  const field = (kind, label, input) => el('div', { class: kind }, el('label', { for: input.id }, label), input);
  const byIssuer = field('field', 'Filter users by issuer', issuer);
  // It is shown when there is a choice.
  byIssuer.hidden = true;
  const bySearch = field('field grow', 'Search users', search);
  bySearch.append(el('p', { class: 'hint', id: 'search-users-note', 'aria-live': 'polite' }));
  const form = el('form', { class: 'toolbar', role: 'search' }, bySearch,
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
    ...(trimmed(search.value) && { q: trimmed(search.value) }),
    ...(filter.value && { status: filter.value }),
    ...(issuer.value && { issuer: issuer.value }),
  });
  const list = new List(box, {
    path: '/v1/users', member: 'users', noun: 'user', caption: 'Users',
    columns: [...USER_COLUMNS, { id: 'actions', class: 'actions-head' }],
    query, clear, shown: (users) => offerIssuers(issuer, users), row: (user) => userRow(user, list),
    empty: () => el('p', { class: 'empty' }, 'No users yet'),
  });
  return list;
}

function userRow(user, list) {
  const name = userName(user);
  const title = el('span', { class: 'name' }, name);
  if (user.id === me.id) title.append(' ', el('span', { class: 'chip' }, 'You'));
  return el('tr', { role: 'row', 'data-user-id': user.id, class: `is-${user.status}` },
    rowHead(title, emailBeside(user), issuerBeside(user)),
    cell('role', {}, ROLES[user.role] ?? user.role),
    cell('status', { 'data-status': user.status, class: 'status-cell' },
      el('span', { class: `status status-${user.status}` }, USER_STATUSES[user.status] ?? user.status)),
    cell('created', {}, timeElement(user.created_at, 'date')),
    cell('actions', { class: 'actions-cell' }, el('div', { class: 'row-actions' }, ...buttons(user, name, list))));
}

/** Makes the issuer that is shown beside a user's name, if it differs from the signed-in user's. */
function issuerBeside(user) {
  return user.issuer === me.issuer ? null : el('span', { class: 'description' }, `Issuer: ${user.issuer}`);
}

function buttons(user, name, list) {
  // The server refuses these on the administrator's own account, which they would lock.
  const actions = user.id === me.id ? [] : (ACTIONS_BY_STATUS[user.status] ?? []);
  const open = () => { location.hash = `#users/${encodeURIComponent(user.id)}`; };
  const run = (action) => async (event) => ASK[action](user, list, await summaryOf(user, event.currentTarget));
  const ask = (action) => rowButton(action, name, run(action), { 'aria-haspopup': 'dialog' });
  return [rowButton('tokens', `of ${name}`, open), ...actions.map(ask)];
}

/** Reads the counts of a user's tokens while `button` is busy. Returns null if that fails: no change needs them. */
export async function summaryOf(user, button) {
  let summary = null;
  await whileBusy(button, async () => {
    summary = await call('GET', `${userPath(user.id)}/tokens/summary`).then(({ data }) => data, () => null);
  });
  return summary;
}

async function change(user, list, body, words, more) {
  const { data } = await call('PATCH', userPath(user.id), { body });
  list.update(data);
  toast(`${userName(user)} is ${words}.${more(data)}`);
}

function askDeactivate(user, list, summary) {
  confirmDialog({
    title: `Deactivate ${userName(user)}?`,
    text: `The user is signed out until you re-activate the user. ${consequence(summary, 'refused')}`,
    confirm: 'Deactivate user',
    refocus: () => list.focus(user.id, 'reactivate'),
    act: () => change(user, list, { status: 'inactive' }, 'deactivated', everywhere),
  });
}

function askReactivate(user, list, summary) {
  const hasTokens = mayHaveTokens(summary);
  const body = (choice) => ({ status: 'active', ...(choice && { restore_tokens: choice === 'restore' }) });
  confirmDialog({
    title: `Re-activate ${userName(user)}?`,
    text: `The user can sign in again and generate tokens. ${hasTokens ? usedLately(summary) : ''}`,
    confirm: 'Re-activate user',
    isDangerous: false,
    legend: 'The tokens from before',
    choices: hasTokens ? choicesOf(summary) : [],
    refocus: () => list.focus(user.id, 'deactivate'),
    act: (choice) => change(user, list, body(choice), 'active again',
      (data) => (choice === 'revoke' ? revokedTokens(data.revoked_tokens) : '')),
  });
}

function choicesOf(summary) {
  const { restore, revoke } = choicesFor(summary);
  return [
    { value: 'restore', ...restore, confirm: 'Re-activate user and tokens', isDangerous: false },
    { value: 'revoke', ...revoke, confirm: 'Re-activate user, revoke tokens', isDangerous: true,
      hint: 'This cannot be undone. Programs that use these tokens stay refused.' },
  ];
}

function askRemove(user, list, summary) {
  confirmDialog({
    title: `Remove ${userName(user)}?`,
    text: `The name and email are deleted. ${consequence(summary, 'revoked')} This cannot be undone. `
      + 'If the user signs in again, a new account begins.',
    confirm: 'Remove user',
    refocus: () => list.focus(user.id, 'tokens'),
    act: async () => {
      await call('DELETE', userPath(user.id));
      toast(`${userName(user)} is removed.${everywhere()}`);
      // The user is removed, even if the row cannot be read again.
      await call('GET', userPath(user.id)).then(({ data }) => list.update(data)).catch(() => list.reload());
    },
  });
}
