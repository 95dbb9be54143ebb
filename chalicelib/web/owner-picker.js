/** The filter by owner: a button with the owner's name, and a search of users in a panel. */

import { call, limits } from './api.js';
import { bdi, debounced, el } from './dom.js';
import { icon } from './icons.js';
import { openPanel } from './panel.js';
import { readPage } from './paging.js';
import { emailBeside, userName } from './people.js';
import { onText } from './search-field.js';
import { fitting, isUser } from './shapes.js';
import { trimmed } from './text.js';

const PAUSE_MILLISECONDS = 250;
const MOST_OFFERED = 8;
const TOKEN = 'This is a token. Search for it under All tokens. The string stayed in this browser.';
const ANY = { id: '', name: 'Any owner' };

/** Makes the filter. `choose(id)` is called with the id of a user, or with "". Call `show(id)` with the present one. */
export function ownerPicker(choose) {
  const label = el('span', { class: 'clamp' }, ANY.name);
  const control = el('button', { type: 'button', class: 'input picker', 'aria-haspopup': 'dialog',
    'aria-expanded': 'false' }, el('span', { class: 'visually-hidden' }, 'Owner: '), label, icon('chevron-down'));
  let shown = '';
  control.addEventListener('click', () => openSearch(control, shown, choose));
  return {
    element: control,
    async show(id = '') {
      if (id === shown) return;
      shown = id;
      label.replaceChildren(id ? 'One owner' : ANY.name);
      const name = id && (await nameOf(id));
      if (name && id === shown) label.replaceChildren(bdi(name));
    },
  };
}

async function nameOf(id) {
  try {
    const { data } = await call('GET', `/v1/users/${encodeURIComponent(id)}`).then(fitting(isUser));
    return userName(data);
  } catch {
    // The list says what is wrong. The id is the only name that is left.
    return id;
  }
}

function openSearch(control, shown, choose) {
  const list = el('div', { role: 'listbox', id: 'owner-options', class: 'picker-options', 'aria-label': 'Owners' });
  const input = /** @type {HTMLInputElement} */ (el('input', { type: 'search', class: 'input', role: 'combobox',
    placeholder: 'Name or email', 'aria-label': 'Search owners', 'aria-expanded': 'true', 'aria-controls': list.id,
    'aria-autocomplete': 'list', autocomplete: 'off', maxlength: limits.search_length }));
  const box = el('div', { class: 'search' }, icon('search'), input);
  // A listbox has options only, and the focus stays in the search, so the note must be announced.
  const note = el('p', { class: 'help', role: 'status' });
  const panel = openPanel(control, 'Owner', box, list, note);
  const pick = (id) => { panel.hidePopover(); choose(id); };
  const show = ({ users = [], said = '' }) => {
    list.replaceChildren(...[ANY, ...users].map((user, at) => option(user, at, shown, pick)));
    input.removeAttribute('aria-activedescendant');
    [note.textContent, note.hidden] = [said, !said];
  };
  let round = 0;
  const find = async () => {
    round += 1;
    const mine = round;
    const found = await offered(trimmed(input.value));
    if (mine === round) show(found);
  };
  const refuse = () => {
    round += 1;
    show({ said: TOKEN });
  };
  onText(input, { changed: debounced(find, PAUSE_MILLISECONDS), pasted: refuse });
  input.addEventListener('keydown', (event) => onKey(event, input, list, pick));
  input.focus();
  find();
}

async function offered(text) {
  const query = { limit: String(MOST_OFFERED), ...(text && { q: text }) };
  try {
    const { items } = await readPage('/v1/users', 'users', query);
    const users = items.filter(({ status }) => status !== 'removed');
    return { users, said: users.length ? '' : 'No user matches.' };
  } catch (problem) {
    return { said: problem.message };
  }
}

function option(user, at, shown, pick) {
  const name = user === ANY ? ANY.name : userName(user);
  const attributes = { role: 'option', id: `owner-option-${at}`, class: 'picker-option', 'data-id': user.id,
    'aria-selected': String(user.id === shown), onclick: () => pick(user.id) };
  return el('div', attributes, bdi(name, { class: 'clamp' }), user === ANY ? null : emailBeside(user));
}

/** The focus stays in the search. The arrows move through the options. */
function onKey(event, input, list, pick) {
  const options = [...list.querySelectorAll('[role=option]')];
  const now = options.findIndex((each) => each.id === input.getAttribute('aria-activedescendant'));
  if (event.key === 'Enter') {
    event.preventDefault();
    if (options[now]) pick(options[now].dataset.id);
    return;
  }
  const next = { ArrowDown: now + 1, ArrowUp: now - 1 }[event.key];
  if (next === undefined || !options.length) return;
  event.preventDefault();
  const active = options[(next + options.length) % options.length];
  for (const each of options) each.classList.toggle('is-active', each === active);
  input.setAttribute('aria-activedescendant', active.id);
  active.scrollIntoView({ block: 'nearest' });
}
