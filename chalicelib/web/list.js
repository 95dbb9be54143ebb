/** Lists that come in pages: loading, more, empty, no matches, and errors. */

import { el, whileBusy } from './dom.js';
import { announce } from './notices.js';
import { nextPage } from './paging.js';
import { makeTable, showSort } from './table.js';
import { counted } from './words.js';

/**
 * A list of items of one kind inside `place`. `kind` is `{path, member, noun, caption, columns, sort, row(item),
 * query(), clear(), empty(), shown(items)}`. `empty` makes the text of an empty list. `shown` is called with
 * all loaded items when they have changed.
 */
export class List {
  #kind;
  #table;
  #body;
  #state = el('div', { class: 'list-state' });
  #items = new Map();
  #cursor = null;
  #sort;
  #round = 0;

  constructor(place, kind) {
    this.#kind = kind;
    this.#sort = kind.sort ?? '';
    const { table, body } = makeTable(kind.caption, kind.columns, this.#sort, (sort) => this.#order(sort));
    [this.#table, this.#body] = [table, body];
    this.#table.hidden = true;
    place.replaceChildren(this.#table, this.#state);
  }

  /** Loads the first page again. The present rows stay until it has come. */
  async reload({ quietly = false } = {}) {
    const round = ++this.#round;
    if (!this.#body.children.length) this.#say(el('p', { class: 'loading' }, `Loading ${this.#kind.noun}s…`));
    this.#table.setAttribute('aria-busy', 'true');
    try {
      const page = await this.#page(null);
      if (round !== this.#round) return;
      const focused = this.#focused();
      this.#clear();
      this.#show(page);
      if (focused) this.focus(...focused);
      if (!quietly) this.#tell();
    } catch (problem) {
      if (round === this.#round) this.#fail(problem);
    } finally {
      if (round === this.#round) this.#table.removeAttribute('aria-busy');
    }
  }

  /** Replaces the row of an item that has changed. A focus that would be lost goes to the button of `action`. */
  update(item, action) {
    const old = this.#find(item.id);
    if (!old) return;
    const isLost = document.activeElement === document.body || old.contains(document.activeElement);
    old.replaceWith(this.#row(item));
    if (isLost) this.focus(item.id, action);
    this.#items.set(item.id, item);
    this.#notify();
  }

  /** Puts the focus on the button of a row for this action, or on its first button. */
  focus(id, action) {
    const row = this.#find(id);
    (row?.querySelector(`[data-action="${action}"]`) ?? row?.querySelector('button'))?.focus();
  }

  /** Returns the row that has the focus and the action of its button. A reload must keep both. */
  #focused() {
    const focused = document.activeElement;
    const row = this.#body.contains(focused) && focused.closest('tr[id^="row-"]');
    return row ? [row.id.slice('row-'.length), focused.getAttribute('data-action')] : null;
  }

  #clear() {
    this.#body.replaceChildren();
    this.#items.clear();
  }

  #notify() {
    this.#kind.shown?.([...this.#items.values()]);
  }

  #find(id) {
    return this.#body.querySelector(`#row-${CSS.escape(id)}`);
  }

  #row(item) {
    const row = this.#kind.row(item);
    row.id = `row-${item.id}`;
    return row;
  }

  #order(sort) {
    this.#sort = sort;
    showSort(this.#table, sort);
    this.reload();
  }

  #page(cursor) {
    const { path, member } = this.#kind;
    return nextPage(path, member, { ...this.#kind.query?.(), sort: this.#sort }, cursor);
  }

  #show({ items, cursor }) {
    this.#cursor = cursor;
    this.#body.append(...items.map((item) => this.#row(item)));
    for (const item of items) this.#items.set(item.id, item);
    this.#notify();
    const isEmpty = !this.#body.children.length && !cursor;
    this.#table.hidden = isEmpty;
    if (isEmpty) this.#say(this.#nothing());
    else if (cursor) this.#say(this.#moreButton());
    else this.#say();
  }

  #nothing() {
    if (!Object.keys(this.#kind.query?.() ?? {}).length) return this.#kind.empty();
    return el('div', { class: 'empty' },
      el('h2', {}, `No ${this.#kind.noun}s match`),
      el('p', {}, 'Change the search or the filter to see others.'),
      el('button', { type: 'button', class: 'button', onclick: () => this.#kind.clear() }, 'Clear search and filter'));
  }

  #moreButton() {
    return el('button', { type: 'button', class: 'button', onclick: (event) => this.#more(event.currentTarget) },
      'Load more');
  }

  async #more(button) {
    const [round, before] = [this.#round, this.#body.children.length];
    await whileBusy(button, async () => {
      try {
        const page = await this.#page(this.#cursor);
        if (round !== this.#round) return;
        this.#show(page);
        this.#tell();
      } catch (problem) {
        if (round === this.#round) this.#failMore(problem);
        return;
      }
      if (!this.#cursor) this.#enter(this.#body.children[before]);
      else this.#state.querySelector('button').focus();
    });
  }

  #enter(row) {
    (row?.querySelector('button') ?? row?.querySelector('[tabindex]'))?.focus();
  }

  #tell() {
    const count = [...this.#body.children].filter((row) => row.id.startsWith('row-')).length;
    const words = `${counted(count || 'No', this.#kind.noun)} shown`;
    announce(this.#cursor ? `${words}. More can be loaded.` : `${words}.`);
  }

  #fail(problem) {
    this.#clear();
    this.#table.hidden = false;
    this.#say(this.#problem(problem, () => this.reload()));
  }

  #failMore(problem) {
    const again = problem.code === 'invalid_cursor' ? () => this.reload() : (button) => this.#more(button);
    this.#say(this.#problem(problem, again));
  }

  #problem(problem, again) {
    return el('div', { class: 'problem', role: 'alert' },
      el('p', {}, problem.message),
      el('button', { type: 'button', class: 'button', onclick: (event) => again(event.currentTarget) }, 'Try again'));
  }

  #say(...children) {
    this.#state.replaceChildren(...children);
  }
}
