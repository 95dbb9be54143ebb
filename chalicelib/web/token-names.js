/** The names of the tokens that events are about. Events have ids only, so names are read when they are shown. */

import { call, tokenPath } from './api.js';
import { fitting, isToken } from './shapes.js';

const AT_ONCE = 4;

/** Names by the ids of tokens. A token that was deleted has none. */
export class TokenNames {
  #names = new Map();
  #asked = new Set();
  #waiting = [];
  #running = 0;
  #tell;

  /** @param {(id: string) => void} tell is called when a name was read */
  constructor(tell) {
    this.#tell = tell;
  }

  /** Returns the name of a token, or "" while it is unknown. */
  of = (id) => this.#names.get(id) ?? '';

  /** Takes the names that events have, the newest first, and reads the others. */
  learn(events) {
    const ofTokens = events.filter((event) => event.token_id && event.user);
    for (const { token_id: id, changes } of ofTokens) {
      if (changes.name?.after && !this.#names.has(id)) this.#names.set(id, changes.name.after);
    }
    for (const { token_id: id, user } of ofTokens) {
      if (this.#names.has(id) || this.#asked.has(id)) continue;
      this.#asked.add(id);
      this.#waiting.push([id, user.id]);
    }
    this.#next();
  }

  #next() {
    while (this.#running < AT_ONCE && this.#waiting.length) {
      this.#running += 1;
      this.#read(...this.#waiting.shift()).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #read(id, owner) {
    const found = await call('GET', tokenPath(id, owner)).then(fitting(isToken)).catch(() => null);
    if (!found?.data.name) return;
    this.#names.set(id, found.data.name);
    this.#tell(id);
  }
}
