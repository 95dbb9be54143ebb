/** "Users": all users, for administrators. */

import { address, go } from './address.js';
import { me } from './api.js';
import { onStale } from './changes.js';
import { ConsoleList } from './console-list.js';
import { button, el } from './dom.js';
import { icon } from './icons.js';
import { openMenu } from './menu.js';
import { errorToast } from './notices.js';
import { readPage } from './paging.js';
import { userName } from './people.js';
import { searchField } from './search-field.js';
import { MINUTE, onTick } from './times.js';
import { openTokensOf, userItems } from './user-actions.js';
import { EVERYBODY, USER_FILTERS, issuersOf, userCounts, userFilterOf } from './user-filters.js';
import { USER_COLUMNS, userRow } from './user-rows.js';
import { Walk } from './walk.js';
import { numbered } from './words.js';

const AT_ONCE = 100;
const NOTHING_CHOSEN = { q: null, show: null, issuer: null };

/** Makes the view. */
export function createUsers(place) {
  const view = new Users(place);
  return { title: 'Users', update: (members) => view.update(members) };
}

/** The parts of the view and what they tell each other. */
class Users {
  #place;
  #shown = null;
  #search = searchField({ label: 'Name or email', search: (text) => go({ q: text }, { replace: true }),
    pasted: () => errorToast('Search for tokens under All tokens. The string stayed in this browser.') });
  #filters = el('div', { class: 'filters', role: 'group', 'aria-label': 'Show' });
  #issuer = el('select', { class: 'input', 'aria-label': 'Issuer',
    onchange: () => go({ issuer: this.#issuer.value || null }) });
  #issuerBox = el('span', { class: 'select-box', hidden: true }, this.#issuer,
    icon('chevron-down', { isSmall: true }));
  #list;
  #users = new Map();
  #counts = {};

  constructor(place) {
    this.#place = place;
    place.append(el('div', { class: 'heading' }, el('h1', {}, 'Users'), this.#search.element), this.#filters);
    this.#list = new ConsoleList(place, {
      label: 'Users', style: 'all-users', nouns: ['user', 'users'], usual: '-sign-in',
      columns: [...USER_COLUMNS, { id: 'menu', word: '' }],
      row: (user) => userRow(user, (row) => this.#list.openMenu(row)),
      open: openTokensOf,
      menu: (user, anchor, row) => openMenu(anchor, userItems(user, this.#rows()),
        { label: `Actions of ${userName(user)}`, focusAfter: row }),
      sort: (order) => go({ sort: order }),
      again: () => this.#list.show(this.#walk()),
      nothing: () => this.#nothing(),
      shown: () => this.#drawFilters(),
    });
    onStale(() => this.#refresh());
    onTick(() => { if (!place.hidden) this.#list.redraw(); });
    window.addEventListener('focus', () => { if (this.#list.isStale(MINUTE)) this.#refresh(); });
  }

  /** Shows what the address says. */
  update(members) {
    const { q, show, issuer } = members;
    const asked = JSON.stringify([q, show, issuer]);
    if (document.activeElement !== this.#search.input) this.#search.input.value = q ?? '';
    this.#list.order(members.sort ?? '');
    if (asked !== this.#shown) {
      this.#shown = asked;
      this.#list.show(this.#walk());
    } else if (this.#list.isStale(MINUTE)) this.#refresh();
    this.#drawFilters();
  }

  #rows() {
    return { show: (user) => this.#changed(user), focus: (id) => this.#list.focus(id) };
  }

  #walk() {
    const members = address();
    const { query, matches } = userFilterOf(members);
    const asked = { ...query, ...(members.q && { q: members.q }), ...(members.issuer && { issuer: members.issuer }) };
    const isWhole = !Object.keys(asked).length;
    const read = new Map();
    return new Walk([asked], async (page) => {
      const { items, cursor } = await readPage('/v1/users', 'users', { ...page, limit: String(AT_ONCE) });
      for (const user of items) read.set(user.id, user);
      for (const user of items) this.#users.set(user.id, user);
      // Only a whole list can be counted.
      if (isWhole && !cursor) this.#counts = userCounts([...read.values()]);
      return { items, cursor };
    }, matches);
  }

  #refresh() {
    if (this.#shown !== null && !this.#place.hidden) this.#list.show(this.#walk(), { isQuiet: true });
  }

  /** Shows a user who has changed. The row stays, even if the filter would leave it out now. */
  #changed(user) {
    this.#users.set(user.id, user);
    if (this.#counts[''] !== undefined) this.#counts = userCounts([...this.#users.values()]);
    this.#list.update(user);
  }

  #drawFilters() {
    if (!this.#list) return;
    const chosen = userFilterOf(address());
    const focused = /** @type {HTMLElement} */ (this.#filters.querySelector(':focus'))?.dataset.value;
    const chips = [EVERYBODY, ...USER_FILTERS].filter((filter) => this.#isSaid(filter, chosen))
      .map((filter) => this.#chip(filter, filter === chosen));
    this.#filters.replaceChildren(chips[0], el('span', { class: 'rule' }), ...chips.slice(1), this.#issuerBox);
    this.#drawIssuers();
    const again = focused !== undefined && this.#filters.querySelector(`[data-value="${CSS.escape(focused)}"]`);
    if (again instanceof HTMLElement) again.focus();
  }

  /** A count of 0 is left out. */
  #isSaid(filter, chosen) {
    return filter === chosen || filter === EVERYBODY || this.#counts[filter.value] !== 0;
  }

  #chip(filter, isChosen) {
    const count = this.#counts[filter.value] ?? null;
    const number = count === null ? '' : numbered(count);
    const strong = (text) => (text ? el('strong', {}, text) : null);
    const words = filter === EVERYBODY ? [strong('All'), number && ` ${number}`]
      : [strong(number), number ? ` ${filter.words(count)}` : capital(filter.words(count))];
    return el('button', { type: 'button', class: 'filter-chip', 'aria-pressed': String(isChosen),
      'data-value': filter.value, onclick: () => go({ show: isChosen ? null : filter.value }) },
    el('span', {}, ...words));
  }

  /** Shows the issuers and their column, if users of more than one were seen. */
  #drawIssuers() {
    const { issuer = '' } = address();
    const issuers = issuersOf([...this.#users.values(), { issuer }], me.issuer);
    const known = [...this.#issuer.options].map(({ value }) => value);
    const wanted = ['', ...issuers];
    if (known.join('\n') !== wanted.join('\n')) {
      this.#issuer.replaceChildren(...wanted.map((url) => el('option', { value: url }, url || 'Any issuer')));
    }
    this.#issuer.value = issuer;
    this.#issuerBox.hidden = !issuers.length;
    this.#place.querySelector('.all-users').classList.toggle('has-issuers', issuers.length > 0);
  }

  #nothing() {
    const { q } = address();
    const clear = () => {
      this.#search.input.value = '';
      go(NOTHING_CHOSEN);
      this.#search.input.focus();
    };
    return el('div', { class: 'empty' }, el('p', {}, q ? `No user matches “${q}”.` : 'No user matches this filter.'),
      button(q ? 'Clear the search' : 'Show all users', clear));
  }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
