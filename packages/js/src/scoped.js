/** The part that callers and verified tokens share. */

import { MissingScope } from './errors.js';

/** A value with scopes. `scopes` is a frozen array without duplicates. */
export class Scoped {
  constructor(scopes) {
    this.scopes = scopes;
  }

  /** Return if the token has the scope. Throws MissingScope. */
  requireScope(scope) {
    if (!this.scopes.includes(scope)) throw new MissingScope(scope);
  }
}

/** Return the scopes of a string in which spaces separate them. */
export function scopesOf(scope) {
  return Object.freeze([...new Set(scope.split(' '))].filter((name) => name !== ''));
}

/** Return the time from seconds since 1970. Throws what `failure` makes unless JavaScript can represent it. */
export function timeOf(seconds, failure) {
  const time = new Date(Number.isInteger(seconds) ? seconds * 1000 : NaN);
  if (Number.isNaN(time.getTime())) throw failure();
  return time;
}
