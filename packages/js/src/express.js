/** Middleware for Express and other frameworks with `(request, response, next)`. */

import { callerFromHeaders, runsBehindAdapter } from './adapter.js';
import { refusal } from './refusals.js';

/**
 * Return middleware that refuses requests without a caller, and sets `request.caller` on the others.
 *
 * `openPaths` are exact paths that every client may call, such as a health check. `log` gets the reason of
 * each refusal, for example `console.warn`.
 */
export function expressCaller({ openPaths = [], log = () => {} } = {}) {
  const isTrusted = runsBehindAdapter();
  return function setCaller(request, response, next) {
    if (openPaths.includes(request.path)) return next();
    let found;
    try {
      found = callerFromHeaders(request.rawHeaders, isTrusted);
    } catch (error) {
      const refused = refusal(error);
      if (!refused) return next(error);
      log(error.message);
      response.writeHead(refused.status, refused.headers);
      return response.end(refused.body);
    }
    request.caller = found;
    return next();
  };
}
