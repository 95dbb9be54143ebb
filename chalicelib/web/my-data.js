/** The user's tokens as the server told them last: all live ones, pages of the ended ones, and the summary. */

import { call } from './api.js';
import { DEFAULT_SORT } from './my-filters.js';
import { nextPage } from './paging.js';
import { fitting, isSummary } from './shapes.js';
import { isEnded } from './token-state.js';

const PAGE = 100;
const ENDED_PAGE = 20;
const MOST_LIVE_PAGES = 50;
// Neither a cursor nor the end.
const UNREAD = '';
// More than the server sorts: it says so by this code.
const TOO_MANY = 'too_many_to_sort';

/** The tokens. `changed()` is called after each change of what is known. */
export class MyTokens {
  /** All known tokens by id. @type {Map<string, any>} */
  tokens = new Map();
  /** GET /v1/tokens/summary, or null before the first load. */
  summary = null;
  /** When all of it was read last, in milliseconds, or 0. */
  readAt = 0;
  /** When it was tried last, in milliseconds. */
  triedAt = 0;
  /** Why the last refresh failed, or null. @type {any} */
  problem = null;
  /** Whether ended tokens are being read. */
  isReadingEnded = false;

  #changed;
  #changes = 0;
  #reading = null;
  #isUnsorted = false;
  #ended = { q: '', sort: DEFAULT_SORT, cursor: UNREAD, count: 0 };

  constructor(changed) {
    this.#changed = changed;
  }

  /** Whether all ended tokens are known, whatever the search. */
  get isComplete() {
    return this.readAt > 0 && this.#ended.cursor === null && this.#ended.q === '';
  }

  /** Whether the server has more ended tokens for the present search. */
  get hasMore() {
    return this.#ended.cursor !== null;
  }

  /** Reads everything again. Never throws: `problem` says what went wrong. A second call joins the first. */
  refresh() {
    this.#reading ??= this.#refresh().finally(() => { this.#reading = null; });
    return this.#reading;
  }

  /** Reads everything again after a change. What is being read now may be older than the change. */
  renew() {
    this.#changes += 1;
    return this.refresh();
  }

  /** Reads the ended tokens of a search in an order, unless they are known or being read. */
  async want(q, sort) {
    const now = this.#ended;
    if (!this.readAt) {
      if (!this.#reading) this.#ended = { ...now, q, sort };
      return;
    }
    if (this.isComplete || (q === now.q && (sort === now.sort || !this.hasMore))) return;
    this.#ended = { q, sort, cursor: UNREAD, count: 0 };
    await this.more();
  }

  /** Reads the next page of the ended tokens. */
  async more() {
    const ended = this.#ended;
    this.#setReading(true);
    try {
      const { items, cursor } = await this.#readEnded(ended, ENDED_PAGE);
      for (const token of items) this.tokens.set(token.id, token);
      Object.assign(ended, { cursor, count: ended.count + items.length });
    } catch (problem) {
      this.problem = problem;
    }
    // The user may have typed on meanwhile.
    if (ended === this.#ended) this.#setReading(false);
  }

  /** Takes over a token that has changed. */
  put(token) {
    this.#changes += 1;
    this.tokens.set(token.id, { ...this.tokens.get(token.id), ...token });
    this.#changed();
  }

  /** Reads the summary alone. */
  async refreshSummary() {
    try {
      this.summary = (await readSummary()).data;
      this.#changed();
    } catch {
      // The next refresh tells what is wrong.
    }
  }

  async #refresh() {
    this.triedAt = Date.now();
    try {
      for (let before = -1; before !== this.#changes;) {
        // A change during the reading may be newer than what was read.
        before = this.#changes;
        await this.#readAll();
      }
      this.problem = null;
      this.readAt = Date.now();
    } catch (problem) {
      this.problem = problem;
    }
    this.#changed();
  }

  async #readAll() {
    const ended = this.#ended;
    const count = Math.max(ENDED_PAGE, Math.min(PAGE, ended.count));
    const [{ data: summary }, live, { items, cursor }] = await Promise.all([
      readSummary(), readLive(), this.#readEnded({ ...ended, cursor: null }, count),
    ]);
    const isWhole = cursor === null && !ended.q;
    // The reader may have seen more ended tokens than this page has. They hardly change.
    const kept = isWhole ? [] : [...this.tokens.values()].filter(isEnded);
    this.summary = summary;
    this.tokens = new Map([...kept, ...items, ...live].map((token) => [token.id, token]));
    Object.assign(ended, { cursor, count: items.length });
  }

  /** Returns a page of ended tokens, at most `limit`. */
  async #readEnded({ q, sort, cursor }, limit) {
    const query = { ended: 'true', include: 'usage', limit: String(limit), q, sort: this.#isUnsorted ? '' : sort };
    try {
      return await nextPage('/v1/tokens', 'tokens', query, cursor);
    } catch (problem) {
      if (problem.code !== TOO_MANY || this.#isUnsorted) throw problem;
      this.#isUnsorted = true;
      return this.#readEnded({ q, sort, cursor: null }, limit);
    }
  }

  #setReading(isReading) {
    this.isReadingEnded = isReading;
    this.#changed();
  }
}

const readSummary = () => call('GET', '/v1/tokens/summary').then(fitting(isSummary));

/** Returns all live tokens. There are about as many as the quota allows. */
async function readLive() {
  const query = { ended: 'false', include: 'usage', limit: String(PAGE) };
  const found = [];
  let cursor = null;
  for (let pages = 0; pages < MOST_LIVE_PAGES; pages += 1) {
    const page = await nextPage('/v1/tokens', 'tokens', query, cursor);
    found.push(...page.items);
    cursor = page.cursor;
    if (!cursor) break;
  }
  return found;
}
