/** The bearer token of an `Authorization` header (RFC 6750 section 2.1). */

import { NotAuthenticated } from './errors.js';

/**
 * Return the token of an `Authorization` header. It is not verified.
 *
 * Throws NotAuthenticated if the header is missing or has another scheme.
 */
export function bearerToken(authorization) {
  const found = /^[ \t]*bearer +([^ \t]+)[ \t]*$/i.exec(authorization ?? '');
  if (!found) throw new NotAuthenticated('The request has no bearer token.');
  return found[1];
}
