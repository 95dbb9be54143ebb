/** Middleware for Hono, on Node behind the AWS Lambda Web Adapter or with Hono's own handler for Lambda. */

import { callerFromHeaders, runsBehindAdapter } from './adapter.js';
import { caller } from './callers.js';
import { NotAuthenticated } from './errors.js';
import { refusal } from './refusals.js';

/**
 * Return middleware that refuses requests without a caller, and sets `context.get('caller')` for the others.
 *
 * With `hono/aws-lambda` the caller comes from the event, and the header does not count. With
 * `@hono/node-server` it comes from the raw headers. Other servers are refused, because they join headers.
 * `openPaths` are exact paths that every client may call. `log` gets the reason of each refusal.
 */
export function honoCaller({ openPaths = [], log = () => {} } = {}) {
  const isTrusted = runsBehindAdapter();
  return async function setCaller(context, next) {
    if (!openPaths.includes(context.req.path)) {
      try {
        context.set('caller', callerOf(context.env, isTrusted));
      } catch (error) {
        const refused = refusal(error);
        if (!refused) throw error;
        log(error.message);
        return new Response(refused.body, refused);
      }
    }
    await next();
    const refused = refusal(context.error);
    if (refused) context.res = new Response(refused.body, refused);
    return undefined;
  };
}

function callerOf(env, isTrusted) {
  if (env?.event) return caller(env.event);
  if (!env?.incoming) throw new NotAuthenticated('This server does not tell the raw headers of a request.');
  return callerFromHeaders(env.incoming.rawHeaders, isTrusted);
}
