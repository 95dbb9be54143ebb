/** A walk through a list of the API. Its pages may be short or empty before the last one. */

const MOST_PAGES = 20;

/** The items that were read so far. Several queries are read one after the other, and no item appears twice. */
export class Walk {
  /** The items that match. @type {any[]} */
  items = [];
  /** How many items were read, also those that do not match. */
  read = 0;
  pages = 0;
  isComplete = false;
  #queries;
  #load;
  #matches;
  #cursor = null;
  #ids = new Set();
  #round = 0;

  /**
   * @param {Record<string, string>[]} queries
   * @param {(query: Record<string, string>) => Promise<{items: any[], cursor: string | null}>} load reads one page
   * @param {(item: any) => boolean} [matches] leaves out items that the API cannot leave out
   */
  constructor(queries, load, matches = () => true) {
    [this.#queries, this.#load, this.#matches] = [[...queries], load, matches];
    this.isComplete = !queries.length;
  }

  /**
   * Reads on until `wanted` more items match, or to the end, at most twenty pages. Calls `tell()` after each page.
   * If a page cannot be read, the items stay, and the next call begins with that page.
   */
  async more(wanted, tell = () => {}) {
    const [goal, round] = [this.items.length + wanted, this.#round];
    const isWanted = () => this.items.length < goal && !this.isComplete && this.#round === round;
    for (let pages = 0; pages < MOST_PAGES && isWanted(); pages += 1) {
      await this.#page();
      if (this.#round === round) tell();
    }
  }

  /** Lets the walk rest after the present page, because another one has begun. */
  stop() {
    this.#round += 1;
  }

  /** Puts a changed item in the place of the old one. */
  replace(item) {
    this.items = this.items.map((old) => (old.id === item.id ? item : old));
  }

  async #page() {
    const { items, cursor } = await this.#load({ ...this.#queries[0], ...(this.#cursor && { cursor: this.#cursor }) });
    this.pages += 1;
    this.read += items.length;
    for (const item of items) {
      if (!this.#ids.has(item.id) && this.#matches(item)) this.items.push(item);
      this.#ids.add(item.id);
    }
    this.#cursor = cursor;
    if (!cursor) this.#queries.shift();
    this.isComplete = !this.#queries.length;
  }
}
