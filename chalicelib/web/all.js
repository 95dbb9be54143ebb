/** "All tokens": the tokens of all users, for administrators. */

import { address, go } from './address.js';
import { allFilters } from './all-filters.js';
import { filterWords, isFiltered, jobFilterOf, queriesOf } from './all-query.js';
import { allRow, ALL_COLUMNS, markRows } from './all-rows.js';
import { downloadAll } from './all-download.js';
import { BulkBar } from './bulk-bar.js';
import { askBulk } from './bulk-dialog.js';
import { onStale, onToken } from './changes.js';
import { ConsoleList } from './console-list.js';
import { button, el } from './dom.js';
import { icon } from './icons.js';
import { endWords, MOST_NAMED } from './job-words.js';
import { isRunning, JobStrip } from './jobs.js';
import { STEP } from './list-words.js';
import { openMenu } from './menu.js';
import { errorToast, toast } from './notices.js';
import { readPage } from './paging.js';
import { searchField } from './search-field.js';
import { Selection } from './selection.js';
import { everywhere, MINUTE, onTick } from './times.js';
import { menuItems } from './token-actions.js';
import { nameOf } from './token-state.js';
import { Walk } from './walk.js';
import { TOKEN_STATUSES, counted, numbered } from './words.js';

const NOTHING_CHOSEN = { q: null, status: null, user: null, show: null };

/** Makes the view. */
export function createAll(place) {
  const view = new AllTokens(place);
  return { title: 'All tokens', update: (members) => view.update(members), leave: () => view.leave() };
}

/** The parts of the view and what they tell each other. */
class AllTokens {
  #place;
  #shown = null;
  #search = searchField({ label: 'Name, owner, or token id',
    search: (text) => go({ q: text }, { replace: true }), pasted: (id) => this.#find(id) });
  #filters = allFilters();
  #strip = new JobStrip();
  #selection = new Selection(() => this.#choice());
  #list;
  #bar;

  constructor(place) {
    this.#place = place;
    const csv = button('Download CSV', () => downloadAll(csv, queriesOf(address())),
      { picture: icon('download'), 'aria-label': 'Download CSV' });
    csv.classList.add('icon-on-phones');
    place.append(el('div', { class: 'heading' }, el('h1', {}, 'All tokens'), this.#search.element, csv),
      this.#filters.element, this.#strip.element);
    this.#list = new ConsoleList(place, this.#kind());
    this.#bar = new BulkBar({ selection: this.#selection, list: this.#list,
      hasFilter: () => jobFilterOf(address()) !== null, isFiltered: () => isFiltered(address()),
      ask: (action) => this.#ask(action) });
    place.append(this.#bar.element);
    onStale(() => this.#refresh());
    onToken((token) => this.#changed(token));
    onTick(() => { if (!place.hidden) this.#list.redraw(); });
    window.addEventListener('focus', () => { if (this.#list.isStale(MINUTE)) this.#refresh(); });
  }

  /** Shows what the address says. */
  update(members) {
    const { q, status, user, show } = members;
    const asked = JSON.stringify([q, status, user, show]);
    if (document.activeElement !== this.#search.input) this.#search.input.value = q ?? '';
    this.#filters.show(members);
    this.#strip.show(members.job ?? null);
    this.#list.order(members.sort ?? '');
    if (asked !== this.#shown) {
      this.#shown = asked;
      this.#selection.clear();
      this.#list.show(this.#walk());
    } else if (this.#list.isStale(MINUTE)) this.#refresh();
    this.#choice();
  }

  leave() {
    this.#bar.leave();
  }

  /** @returns {import('./console-list.js').Kind} */
  #kind() {
    const toggle = (id) => this.#selection.toggle(id, this.#ids());
    const head = el('input', { type: 'checkbox', class: 'tick', 'aria-label': 'Select all rows', 'data-all': '',
      disabled: '',
      onchange: (event) => this.#selection.set(event.target.checked ? this.#ids() : []) });
    return {
      label: 'All tokens', style: 'all-tokens', nouns: ['token', 'tokens'], usual: '-use',
      columns: [{ id: 'tick', word: head }, ...ALL_COLUMNS, { id: 'menu', word: '' }],
      row: (token) => allRow(token, {
        tick: (isRange) => (isRange ? this.#selection.addUpTo(token.id, this.#ids()) : toggle(token.id)),
        menu: (row) => this.#list.openMenu(row),
      }),
      open: (token) => go({ token: token.id, owner: token.owner.id }),
      menu: (token, anchor, row) => openMenu(anchor, menuItems(token, { owner: token.owner.id }),
        { label: `Actions of ${nameOf(token)}`, focusAfter: row }),
      tick: (id, isExtending) => (isExtending ? this.#selection.add(id) : toggle(id)),
      sort: (order) => go({ sort: order }),
      again: () => this.#list.show(this.#walk()),
      nothing: () => this.#nothing(),
      shown: () => { this.#selection.keep(this.#ids()); this.#choice(); },
      about: (tokens) => `, ${counted(new Set(tokens.map(({ owner }) => owner.id)).size, 'person', 'people')}`,
    };
  }

  #walk() {
    return new Walk(queriesOf(address()), (query) =>
      readPage('/v1/admin/tokens', 'tokens', { ...query, ...listed(query) }));
  }

  #refresh() {
    if (this.#shown !== null && !this.#place.hidden) this.#list.show(this.#walk(), { isQuiet: true });
  }

  #ids() {
    return this.#list.items.map(({ id }) => id);
  }

  #changed(token) {
    const old = this.#list.item(token.id);
    if (old) this.#list.update({ ...old, ...token, owner: old.owner });
  }

  /** Looks for a token whose string was pasted. The string has not left the search box. */
  #find(id) {
    if (!id) {
      errorToast('This is a part of a token, so its id cannot be read. The string stayed in this browser.');
      return;
    }
    this.#search.input.value = id;
    go({ ...NOTHING_CHOSEN, q: id });
    toast('This is the id of the pasted token. The string stayed in this browser.');
  }

  /** Shows which rows are ticked. */
  #choice() {
    if (!this.#list) return;
    markRows(this.#place, this.#selection, address().token);
    this.#bar.update();
  }

  #ask(action) {
    const { isAll, ids } = this.#selection;
    if (ids.size > MOST_NAMED && !isAll) {
      errorToast(`At most ${numbered(MOST_NAMED)} tokens can be ticked. Use a filter, and select all that match.`);
      return;
    }
    const tokens = isAll ? null : this.#list.items.filter(({ id }) => ids.has(id));
    const words = filterWords(address(), TOKEN_STATUSES);
    askBulk(action, { tokens, filter: jobFilterOf(address()), words }, {
      started: (job, count) => this.#started(job, count), refocus: () => this.#list.focus(null),
    });
  }

  #started(job, count) {
    this.#selection.clear();
    if (isRunning(job)) {
      this.#strip.show(job.id, count);
      go({ job: job.id });
      return;
    }
    toast(endWords(job) + (job.counts.tokens ? everywhere() : ''));
    this.#refresh();
  }

  #nothing() {
    const members = address();
    if (!isFiltered(members)) {
      return el('div', { class: 'empty' }, el('h2', {}, 'No tokens yet'),
        el('p', {}, 'The tokens of all users are listed here as soon as a user generates one.'));
    }
    const clear = () => { go(NOTHING_CHOSEN); this.#search.input.value = ''; this.#search.input.focus(); };
    const words = members.q ? `No token matches “${members.q}”.` : 'No token matches these filters.';
    return el('div', { class: 'empty' }, el('p', {}, words),
      button(members.q ? 'Clear the search' : 'Clear the filters', clear));
  }
}

/** An id needs no page. */
const listed = (query) => ({ include: 'usage', ...(query.token_id ? {} : { limit: String(STEP) }) });
