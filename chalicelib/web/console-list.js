/** A list of the administrator's console: head, rows, the end of the list, and what is shown instead of rows. */

import { button, el, whileBusy } from './dom.js';
import { icon } from './icons.js';
import { STEP, howMany } from './list-words.js';
import { announce } from './notices.js';
import { RovingRows } from './rows.js';
import { inOrder, makeHead, markOrder } from './sort-heads.js';
import { written } from './times.js';

const GREY_ROWS = 6;

/**
 * @typedef {object} Kind
 * @property {string} label
 * @property {string} style the class of the table
 * @property {[string, string]} nouns of one item and of many
 * @property {import('./sort-heads.js').Column[]} columns
 * @property {string} usual the order of a list that one page holds
 * @property {(item: any) => HTMLElement} row
 * @property {(item: any) => void} open
 * @property {(item: any, anchor: HTMLElement, row: HTMLElement) => void} menu
 * @property {(id: string, isExtending: boolean) => void} [tick]
 * @property {(order: string) => void} sort
 * @property {() => void} again reads the list from its beginning
 * @property {() => Node} nothing makes what is shown in place of rows
 * @property {() => void} shown is called when the rows have changed
 * @property {(items: any[]) => string} [about] says more about a list that was read to its end
 */

/** The rows of a Walk. They stay while the list is read again, and a failure is said above them. */
export class ConsoleList {
  #kind;
  #rows = el('div', { role: 'rowgroup' });
  #head;
  #table;
  #note = el('div', { hidden: true });
  #end = el('div', { class: 'list-end', hidden: true });
  #instead = el('div', { hidden: true });
  #keys;
  #walk = null;
  #order = '';
  #usual = '';
  #freshAt = 0;

  /** @param {HTMLElement} place @param {Kind} kind */
  constructor(place, kind) {
    this.#kind = kind;
    this.#head = makeHead(kind.columns, kind.sort);
    const many = kind.tick ? 'true' : null;
    const grid = el('div', { role: 'grid', 'aria-label': kind.label, 'aria-multiselectable': many },
      el('div', { role: 'rowgroup' }, this.#head), this.#rows);
    this.#table = el('div', { class: `table ${kind.style}` }, this.#note, grid, this.#instead, this.#end);
    this.#keys = new RovingRows(this.#rows, {
      open: (id) => kind.open(this.item(id)),
      menu: (id, row) => this.openMenu(row),
      tick: kind.tick,
    });
    place.append(this.#table);
  }

  /** The items in the order of their rows. */
  get items() {
    const items = this.#walk?.items ?? [];
    return this.isComplete ? inOrder(items, this.#kind.columns, this.#order || this.#usual) : items;
  }

  /** True if the list was read to its end. */
  get isComplete() {
    return Boolean(this.#walk?.isComplete);
  }

  /** True if the list is some time old, and reading it again takes one request. */
  isStale(milliseconds) {
    return this.#walk?.pages === 1 && Date.now() - this.#freshAt > milliseconds;
  }

  /** Returns an item by its id. */
  item(id) {
    return this.#walk?.items.find((item) => item.id === id);
  }

  /** Returns the row of an item, or null. @returns {HTMLElement | null} */
  rowOf(id) {
    return this.#rows.querySelector(`[data-row="${CSS.escape(id)}"]`);
  }

  /** Reads a walk from its beginning. The present rows stay until its first page has come. */
  async show(walk, { isQuiet = false } = {}) {
    const old = this.#begin(walk);
    const wanted = isQuiet ? Math.max(STEP, old.items.length) : STEP;
    const tell = () => { if (!isQuiet) this.#draw(); };
    const problem = await walk.more(wanted, tell).then(() => null, (error) => error);
    if (this.#walk !== walk) return;
    this.#table.removeAttribute('aria-busy');
    if (problem) this.#fail(problem, isQuiet && !walk.pages ? old : null);
    else this.#fresh(isQuiet);
  }

  /** Reads on until `most` items are there, or to the end. Throws a Problem. */
  async readAll(most) {
    const walk = this.#walk;
    while (!walk.isComplete && walk.items.length < most && this.#walk === walk) {
      await walk.more(most - walk.items.length, () => this.#tellPages());
    }
    if (this.#walk === walk) this.#draw();
  }

  /** Orders the rows, once the whole list was read. */
  order(order) {
    this.#order = order;
    this.redraw();
  }

  /** Shows an item that has changed, in its present row. */
  update(item) {
    if (!this.rowOf(item.id)) return;
    this.#walk.replace(item);
    this.#renewed(item);
    this.#kind.shown();
  }

  /** Brings all rows up to date, for example because time has passed. */
  redraw() {
    if (this.#walk?.pages) this.#draw();
  }

  /** Puts the focus on the row of an item, else on the first row. */
  focus(id) {
    this.#keys.focus(id);
  }

  /** Opens the menu of a row. */
  openMenu(row) {
    this.#kind.menu(this.item(row.dataset.row), row.querySelector('[data-menu]'), row);
  }

  /** Takes a walk in place of the old one, and returns that. */
  #begin(walk) {
    const old = this.#walk;
    old?.stop();
    this.#walk = walk;
    if (!old?.pages) this.#load();
    this.#table.setAttribute('aria-busy', 'true');
    return old ?? { items: [] };
  }

  #fresh(isQuiet) {
    [this.#freshAt, this.#usual] = [Date.now(), this.isComplete ? this.#kind.usual : ''];
    this.#note.hidden = true;
    this.#draw();
    if (!isQuiet) announce(this.#howMany());
  }

  /** Returns the row of an item, with its present cells. A row that stays keeps the focus. */
  #renewed(item) {
    const [fresh, old] = [this.#kind.row(item), this.rowOf(item.id)];
    fresh.dataset.row = item.id;
    if (!old) return fresh;
    const isSame = [...fresh.children].every((cell, at) => cell.isEqualNode(old.children[at]));
    if (!isSame) {
      old.replaceChildren(...fresh.childNodes);
      old.className = fresh.className;
      Object.assign(old.dataset, fresh.dataset);
    }
    return old;
  }

  #draw() {
    const focused = /** @type {HTMLElement} */ (document.activeElement?.closest('[data-row]'));
    const focusedId = focused && this.#rows.contains(focused) ? focused.dataset.row : null;
    const rows = this.items.map((item) => this.#renewed(item));
    const isSame = rows.length === this.#rows.children.length
      && rows.every((row, at) => row === this.#rows.children[at]);
    if (!isSame) this.#rows.replaceChildren(...rows);
    this.#keys.settle();
    if (focusedId && !isSame) this.focus(focusedId);
    this.#drawEnd();
    this.#kind.shown();
  }

  #drawEnd() {
    const isEmpty = !this.#walk.items.length && this.#walk.isComplete;
    this.#instead.hidden = !isEmpty;
    this.#instead.replaceChildren(...(isEmpty ? [this.#kind.nothing()] : []));
    markOrder(this.#head, this.#order || this.#usual, this.isComplete);
    const more = button('Show more', (event) => this.#more(event.currentTarget), { kind: 'small' });
    this.#end.hidden = isEmpty;
    const hasNoMore = this.isComplete || this.#table.hasAttribute('aria-busy');
    this.#end.replaceChildren(el('span', {}, this.#howMany()), ...(hasNoMore ? [] : [more]));
  }

  #howMany() {
    return howMany(this.#walk, this.#kind.nouns, this.#kind.about);
  }

  async #more(control) {
    const [walk, before] = [this.#walk, this.items.length];
    await whileBusy(control, async () => {
      try {
        await walk.more(STEP, () => this.#tellPages());
      } catch (problem) {
        if (this.#walk === walk) this.#failMore(problem, control);
        return;
      }
      if (this.#walk !== walk) return;
      this.#draw();
      announce(this.#howMany());
      const next = this.items[before];
      if (next) this.focus(next.id);
      else this.#end.querySelector('button')?.focus();
    });
  }

  #tellPages() {
    this.#end.firstElementChild.textContent = this.#howMany();
  }

  #load() {
    const bars = () => el('span', {}, el('span', { class: 'grey-bar' }), el('span', { class: 'grey-bar' }));
    const row = () => el('div', { class: 'row' }, ...this.#kind.columns.map(bars));
    this.#instead.hidden = false;
    this.#instead.replaceChildren(
      el('div', { class: 'loading-rows', 'aria-hidden': 'true' }, ...Array.from({ length: GREY_ROWS }, row)));
  }

  /** Says that the list could not be read. `old` has the rows that stay, if there are some. */
  #fail(problem, old) {
    if (old?.items.length) {
      this.#walk = old;
      const at = written(this.#freshAt, 'clock');
      this.#say('wifi-off', `Not refreshed since ${at}. The rows may be old.`, this.#kind.again);
      return;
    }
    this.#rows.replaceChildren();
    this.#instead.hidden = this.#end.hidden = true;
    this.#kind.shown();
    this.#say('circle-alert', problem.message, this.#kind.again);
  }

  #failMore(problem, control) {
    const goOn = () => { this.#note.hidden = true; this.#more(control); };
    this.#say('circle-alert', problem.message, problem.code === 'invalid_cursor' ? this.#kind.again : goOn);
  }

  #say(picture, text, again) {
    this.#note.hidden = false;
    this.#note.replaceChildren(el('div', { class: 'note table-banner', role: 'alert' }, icon(picture),
      el('p', {}, text), button('Try again', again, { kind: 'small' })));
  }
}
