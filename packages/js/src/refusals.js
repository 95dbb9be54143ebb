/** The responses of the middleware to requests that it refuses: problem documents (RFC 9457). */

import { MissingScope, NotAuthenticated } from './errors.js';

// RFC 6749 section 3.3. An application may build the name of a scope from a request, and a header must not
// hold other characters.
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Return the status, headers and body for an error, or null for an error that is not a refusal. */
export function refusal(error) {
  if (error instanceof MissingScope) {
    const named = SCOPE_TOKEN.test(error.scope) ? `, scope="${error.scope}"` : '';
    const challenge = `Bearer error="insufficient_scope"${named}`;
    return response(403, 'Forbidden', 'insufficient_scope', error.message, challenge);
  }
  if (!(error instanceof NotAuthenticated)) return null;
  const detail = 'This API needs an API token that its gateway has verified.';
  return response(401, 'Unauthorized', 'not_authenticated', detail, 'Bearer');
}

function response(status, title, code, detail, challenge) {
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'WWW-Authenticate': challenge,
    },
    body: JSON.stringify({ type: 'about:blank', title, status, code, detail }),
  };
}
