/** The ticked tokens of "All tokens". */

/** A choice of tokens: by their ids, or all that the filter finds. `changed()` is called after each change. */
export class Selection {
  /** @type {Set<string>} */
  ids = new Set();
  /** Whether all tokens of the filter are chosen, also those that were not read yet. */
  isAll = false;
  #changed;
  #anchor = null;

  constructor(changed) {
    this.#changed = changed;
  }

  get isEmpty() {
    return !this.isAll && !this.ids.size;
  }

  has(id) {
    return this.isAll || this.ids.has(id);
  }

  /** Ticks or unticks a token. `loaded` are the ids of the rows, of which one is left out after "all". */
  toggle(id, loaded) {
    if (this.isAll) this.ids = new Set(loaded);
    this.isAll = false;
    if (!this.ids.delete(id)) this.ids.add(id);
    this.#anchor = id;
    this.#changed();
  }

  /** Ticks a token beside those that are ticked. */
  add(id) {
    this.ids.add(id);
    this.#anchor = id;
    this.#changed();
  }

  /** Ticks the tokens between the last one that was ticked and this one. */
  addUpTo(id, loaded) {
    const anchor = loaded.includes(this.#anchor) ? this.#anchor : id;
    const [from, to] = [loaded.indexOf(anchor), loaded.indexOf(id)].sort((a, b) => a - b);
    for (const each of loaded.slice(from, to + 1)) this.ids.add(each);
    this.#anchor = id;
    this.#changed();
  }

  /** Ticks these tokens and no others. */
  set(ids) {
    [this.ids, this.isAll] = [new Set(ids), false];
    this.#changed();
  }

  /** Ticks all tokens of the filter. */
  setAll() {
    this.isAll = true;
    this.#changed();
  }

  /** Forgets tokens that are not in the list any more. */
  keep(loaded) {
    const known = new Set(loaded);
    this.ids = new Set([...this.ids].filter((id) => known.has(id)));
  }

  clear() {
    this.#anchor = null;
    this.set([]);
  }
}
