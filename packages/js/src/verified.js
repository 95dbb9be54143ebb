/** A token that this service itself has verified, by introspection or by its signature. */

import { Scoped, scopesOf, timeOf } from './scoped.js';

/**
 * A token that may be used now.
 *
 * `tokenId` is the id of the API token. `accessTokenId` is null unless the string was an access token that
 * the API token was exchanged for. `expiresAt` is null if the token does not expire.
 */
export class VerifiedToken extends Scoped {
  constructor({ userId, tokenId, accessTokenId, audience, scopes, issuedAt, expiresAt }) {
    super(scopes);
    Object.assign(this, { userId, tokenId, accessTokenId, audience, issuedAt, expiresAt });
    Object.freeze(this);
  }
}

/**
 * Return the token that verified claims describe.
 *
 * `client_id` names the API token behind an access token (RFC 9068 section 2.2).
 * Throws TypeError if a claim is missing or has another type.
 */
export function verifiedToken(claims) {
  const behind = claims.client_id ?? null;
  const ownId = text(claims, 'jti');
  return new VerifiedToken({
    userId: text(claims, 'sub'),
    tokenId: behind === null ? ownId : text(claims, 'client_id'),
    accessTokenId: behind === null ? null : ownId,
    audience: text(claims, 'aud'),
    scopes: scopesOf(text(claims, 'scope', true)),
    issuedAt: time(claims.iat),
    expiresAt: (claims.exp ?? null) === null ? null : time(claims.exp),
  });
}

function text(claims, name, mayBeEmpty = false) {
  const value = claims[name];
  if (typeof value !== 'string' || (value === '' && !mayBeEmpty)) throw new TypeError(name);
  return value;
}

function time(value) {
  return timeOf(value, () => new TypeError('time'));
}
