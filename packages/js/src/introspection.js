/** A client of the token service's introspection (RFC 7662), for services without an authorizer. */

import { ActiveTokens } from './active-tokens.js';
import { InactiveToken, TokenServiceUnavailable } from './errors.js';
import { TokenService } from './token-service.js';
import { verifiedToken } from './verified.js';

const PATH = '/oauth2/introspect';
// The token service refuses longer strings unasked.
const TOKEN = /^[\x21-\x7e]{1,4096}$/;

/**
 * A client that asks the token service whether a token may be used now.
 *
 * `clientId` and `clientSecret` are those of `RESOURCE_SERVERS`. A token for another `audience` is not
 * active. `timeout` is in milliseconds, for a whole call. `cacheSeconds` (0 to 30) lets an active token in
 * for so long after its revocation. Tokens that are restricted to networks are never cached.
 */
export class IntrospectionClient {
  #service;
  #authorization;
  #issuer;
  #audience;
  #activeTokens;
  #now;

  /** Throws TypeError or RangeError for an invalid parameter. */
  constructor({ issuer, clientId, clientSecret, audience, timeout = 2000, cacheSeconds = 0, now = Date.now }) {
    this.#service = new TokenService(issuer, timeout);
    for (const [name, value] of Object.entries({ clientId, clientSecret, audience })) {
      if (typeof value !== 'string' || value === '') throw new TypeError(`${name} is missing`);
    }
    // Encoded as RFC 6749 section 2.3.1 asks.
    const pair = [clientId, clientSecret].map(formEncoded).join(':');
    this.#authorization = `Basic ${btoa(pair)}`;
    this.#issuer = issuer;
    this.#audience = audience;
    this.#activeTokens = new ActiveTokens(cacheSeconds);
    this.#now = now;
  }

  /**
   * Return the token if it may be used now, from this address.
   *
   * `callerAddress` is the address that your own server or your own proxy saw. Never take it from a header
   * that a client can set. With null, a token that is restricted to networks is not active.
   * Throws InactiveToken, or TokenServiceUnavailable if no decision was possible.
   */
  async verify(unverifiedToken, callerAddress) {
    if (typeof unverifiedToken !== 'string' || !TOKEN.test(unverifiedToken)) throw new InactiveToken();
    if (!this.#activeTokens.isOn) return this.#ask(unverifiedToken, callerAddress);
    const kept = await this.#activeTokens.get(unverifiedToken);
    if (kept) return this.#unexpired(kept);
    const askedAt = this.#activeTokens.now();
    let found;
    try {
      // Without an address only tokens without a list of networks are active, so this one may be cached.
      found = await this.#ask(unverifiedToken, null);
    } catch (error) {
      if (!(error instanceof InactiveToken) || typeof callerAddress !== 'string') throw error;
      return this.#ask(unverifiedToken, callerAddress);
    }
    await this.#activeTokens.put(unverifiedToken, found, askedAt);
    return found;
  }

  async #ask(unverifiedToken, callerAddress) {
    const form = new URLSearchParams({ token: unverifiedToken });
    if (typeof callerAddress === 'string') form.set('caller_address', callerAddress);
    const state = await this.#service.call(PATH, {
      method: 'POST',
      body: form,
      headers: { Authorization: this.#authorization, Accept: 'application/json' },
    });
    return this.#unexpired(this.#token(state));
  }

  #token(state) {
    if (state?.active === false) throw new InactiveToken();
    if (state?.active !== true) {
      throw new TokenServiceUnavailable("The response of the token service has no valid 'active'.");
    }
    let token;
    try {
      token = verifiedToken(state);
    } catch {
      throw new TokenServiceUnavailable('The response of the token service lacks a member.');
    }
    if (state.iss !== this.#issuer) throw new TokenServiceUnavailable('The token service has another issuer.');
    if (token.audience !== this.#audience) throw new InactiveToken();
    return token;
  }

  #unexpired(token) {
    if (token.expiresAt !== null && token.expiresAt.getTime() <= this.#now()) throw new InactiveToken();
    return token;
  }
}

function formEncoded(text) {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
