/**
 * The keyboard of a list: all rows are one tab stop. The arrows, Home and End move between the rows, Enter opens
 * one, Right or Shift+F10 opens its menu, Space ticks it. Rows are elements with `data-row`, their id.
 */

/**
 * @typedef {object} Actions
 * @property {(id: string) => void} open
 * @property {(id: string, row: HTMLElement) => void} [menu]
 * @property {(id: string, isExtending: boolean) => void} [tick] `isExtending` adds a row to those already ticked
 */

/** The rows of a list as one tab stop. If rows were added, replaced or removed, call `settle`. */
export class RovingRows {
  #list;
  #actions;
  #current = null;

  /** @param {HTMLElement} list @param {Actions} actions */
  constructor(list, actions) {
    [this.#list, this.#actions] = [list, actions];
    list.addEventListener('focusin', (event) => {
      this.#current = rowAt(event.target)?.dataset.row ?? this.#current;
      this.settle();
    });
    list.addEventListener('click', (event) => this.#click(event));
    list.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Gives exactly one row the tab stop: the one that had the focus last, else the first. */
  settle() {
    const rows = this.#rows();
    const chosen = rows.find((row) => row.dataset.row === this.#current) ?? rows[0];
    for (const row of rows) row.tabIndex = row === chosen ? 0 : -1;
  }

  /** Puts the focus on a row by its id, else on the first row. */
  focus(id) {
    const rows = this.#rows();
    this.#enter(rows.find((row) => row.dataset.row === id) ?? rows[0]);
  }

  /** Returns the ids of the rows in their order. */
  ids() {
    return this.#rows().map((row) => row.dataset.row);
  }

  /** @returns {HTMLElement[]} */
  #rows() {
    return [...this.#list.querySelectorAll('[data-row]')];
  }

  #enter(row) {
    if (!row) return;
    this.#current = row.dataset.row;
    this.settle();
    row.focus();
    row.scrollIntoView({ block: 'nearest' });
  }

  #click({ target }) {
    const row = rowAt(target);
    const isControl = target instanceof Element && target.closest('button, a, input, label');
    // A click that ends a selection of text is not meant for the row.
    if (row && !isControl && getSelection().isCollapsed) this.#actions.open(row.dataset.row);
  }

  #key(event) {
    const row = rowAt(event.target);
    if (row !== event.target || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = event.shiftKey ? this.#withShift(event.key, row) : this.#alone(event.key, row);
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Returns what a key does on a row, or undefined. */
  #alone(key, row) {
    const { open, menu, tick } = this.#actions;
    const [rows, id] = [this.#rows(), row.dataset.row];
    const at = rows.indexOf(row);
    return {
      ArrowDown: () => this.#enter(rows[at + 1]),
      ArrowUp: () => this.#enter(rows[at - 1]),
      Home: () => this.#enter(rows[0]),
      End: () => this.#enter(rows.at(-1)),
      Enter: () => open(id),
      ArrowRight: menu && (() => menu(id, row)),
      ContextMenu: menu && (() => menu(id, row)),
      ' ': tick && (() => tick(id, false)),
    }[key];
  }

  #withShift(key, row) {
    const { menu, tick } = this.#actions;
    if (key === 'F10') return menu && (() => menu(row.dataset.row, row));
    if (!tick || !/^Arrow(Up|Down)$/.test(key)) return undefined;
    return () => {
      tick(row.dataset.row, true);
      this.#alone(key, row)();
      tick(this.#current, true);
    };
  }
}

/** @returns {HTMLElement | null} */
const rowAt = (target) => (target instanceof Element ? target.closest('[data-row]') : null);
