/** The cache of tokens that were active a moment ago. It is off by default. */

const MAX_SECONDS = 30;
const MAX_TOKENS = 1000;

/**
 * Active tokens of the last `seconds`, at most 1,000. Refusals are never kept.
 *
 * The key is a hash, so the process does not hold the strings of tokens.
 */
export class ActiveTokens {
  #seconds;
  #kept = new Map();

  /** Throws RangeError unless `seconds` is between 0 and 30. */
  constructor(seconds, now = () => performance.now() / 1000) {
    if (!(seconds >= 0 && seconds <= MAX_SECONDS)) {
      throw new RangeError(`cacheSeconds must be between 0 and ${MAX_SECONDS}`);
    }
    this.#seconds = seconds;
    this.now = now;
  }

  /** True if tokens are kept at all. */
  get isOn() {
    return this.#seconds > 0;
  }

  /** Return a token that was active less than `seconds` ago, or undefined. */
  async get(unverifiedToken) {
    const kept = this.#kept.get(await key(unverifiedToken));
    return kept && this.now() - kept.askedAt < this.#seconds ? kept.token : undefined;
  }

  /** Keep a token. Its time counts from before the question, because a revocation may come between. */
  async put(activeToken, token, askedAt) {
    const hash = await key(activeToken);
    this.#kept.delete(hash);
    this.#kept.set(hash, { token, askedAt });
    if (this.#kept.size > MAX_TOKENS) this.#kept.delete(this.#kept.keys().next().value);
  }
}

async function key(unverifiedToken) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(unverifiedToken));
  return Buffer.from(hash).toString('base64');
}
