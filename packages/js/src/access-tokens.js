/** Verification of access tokens by their signature alone (RFC 9068), with WebCrypto. */

import { InactiveToken, TokenServiceUnavailable } from './errors.js';
import { TokenService } from './token-service.js';
import { verifiedToken } from './verified.js';

const PATH = '/.well-known/jwks.json';
const SHAPE = /^(?=.{1,4096}$)([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/;
const TYPES = ['at+jwt', 'application/at+jwt'];
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };
const KEPT_SECONDS = 60;
// Strings with invented key ids must not make a call each.
const COOL_DOWN_SECONDS = 10;
// Requests must not queue for a token service that does not respond.
const FAILURE_SECONDS = 1;

/**
 * A verifier of access tokens that API tokens were exchanged for, of one `audience`.
 *
 * A revoked API token's access tokens work until they expire, for 5 minutes at most. API tokens themselves
 * are refused, because a signature says nothing about a revocation. `timeout` is in milliseconds.
 */
export class AccessTokenVerifier {
  #service;
  #issuer;
  #audience;
  #now;
  #keys = new Map();
  #loadedAt = -Infinity;
  #failedAt = -Infinity;
  #loading = null;

  /** Throws TypeError for an invalid parameter. */
  constructor({ issuer, audience, timeout = 2000, now = Date.now }) {
    this.#service = new TokenService(issuer, timeout);
    if (typeof audience !== 'string' || audience === '') throw new TypeError('audience is missing');
    this.#issuer = issuer;
    this.#audience = audience;
    this.#now = () => now() / 1000;
  }

  /**
   * Return the token if its signature and claims are valid.
   *
   * Throws InactiveToken, or TokenServiceUnavailable if the keys cannot be loaded.
   */
  async verify(unverifiedToken) {
    const parts = typeof unverifiedToken === 'string' ? SHAPE.exec(unverifiedToken) : null;
    const unverifiedHeader = parts && document(parts[1]);
    if (!parts || !isKnownForm(unverifiedHeader)) throw new InactiveToken();
    const key = await this.#key(unverifiedHeader.kid);
    const signed = new TextEncoder().encode(`${parts[1]}.${parts[2]}`);
    if (!(await crypto.subtle.verify(SIGNATURE, key, bytes(parts[3]), signed))) throw new InactiveToken();
    return this.#token(document(parts[2]));
  }

  #token(claims) {
    const isOurs = claims?.iss === this.#issuer && claims.aud === this.#audience;
    if (!isOurs || typeof claims.client_id !== 'string' || !(claims.exp > this.#now())) throw new InactiveToken();
    try {
      return verifiedToken(claims);
    } catch {
      throw new InactiveToken();
    }
  }

  async #key(unverifiedKid) {
    const age = this.#now() - this.#loadedAt;
    const isUnknown = !this.#keys.has(unverifiedKid);
    if (age >= KEPT_SECONDS || (isUnknown && age >= COOL_DOWN_SECONDS)) {
      // Requests at the same time share one call.
      this.#loading ??= this.#load().finally(() => {
        this.#loading = null;
      });
      await this.#loading;
    }
    const key = this.#keys.get(unverifiedKid);
    if (!key) throw new InactiveToken();
    return key;
  }

  async #load() {
    if (this.#now() - this.#failedAt < FAILURE_SECONDS) {
      throw new TokenServiceUnavailable('The token service did not return its keys a moment ago.');
    }
    try {
      this.#keys = await imported(await this.#service.call(PATH));
    } catch (error) {
      this.#failedAt = this.#now();
      throw error;
    }
    this.#loadedAt = this.#now();
  }
}

function isKnownForm(header) {
  const isType = typeof header?.typ === 'string' && TYPES.includes(header.typ.toLowerCase());
  // RFC 7515 section 4.1.11: an unknown critical member refuses the token.
  return isType && header.alg === 'ES256' && typeof header.kid === 'string' && !Object.hasOwn(header, 'crit');
}

/** Return the keys of a set by id. Keys of other kinds are left out (RFC 7517 section 5). */
async function imported(set) {
  const keys = new Map();
  for (const { kid, kty, crv, x, y } of Array.isArray(set?.keys) ? set.keys.filter(Boolean) : []) {
    if (typeof kid !== 'string' || kty !== 'EC' || crv !== 'P-256') continue;
    try {
      keys.set(kid, await crypto.subtle.importKey('jwk', { kty, crv, x, y }, CURVE, false, ['verify']));
    } catch {
      continue;
    }
  }
  return keys;
}

function bytes(text) {
  return Buffer.from(text, 'base64url');
}

function document(text) {
  try {
    const parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes(text)));
    return parsed !== null && typeof parsed === 'object' ? parsed : null;
  } catch {
    return null;
  }
}
