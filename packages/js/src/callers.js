/** The caller of a request, as an authorizer of Bodhi API Tokens describes it to a backend. */

import { NotAuthenticated } from './errors.js';
import { Scoped, scopesOf, timeOf } from './scoped.js';

/**
 * The bearer of an API token that an authorizer has let in.
 *
 * `tokenName` is the name that the owner chose. Escape it as you escape any text of users. The times are
 * those of the decision, which the gateway may have cached. Use them for warnings only. `expiresAt` is null
 * if the token does not expire.
 */
export class Caller extends Scoped {
  constructor({ userId, tokenId, tokenName, scopes, expiresAt, idleAt }) {
    super(scopes);
    Object.assign(this, { userId, tokenId, tokenName, expiresAt, idleAt });
    Object.freeze(this);
  }
}

/**
 * Return the caller of an event that API Gateway or AppSync passed to a Lambda function.
 *
 * The event is of a REST, HTTP or WebSocket API with any payload format, or of an AppSync resolver. Pass the
 * event itself, never a part of it that a client can write, such as the body.
 * Throws NotAuthenticated if the event carries no context of an authorizer of Bodhi API Tokens.
 */
export function caller(event) {
  const requestContext = member(event, 'requestContext') ?? null;
  const identity = member(event, 'identity') ?? null;
  if (requestContext !== null && identity !== null) {
    // No event of AWS has both. One of them may come from a client.
    throw new NotAuthenticated("The event has both 'requestContext' and 'identity'.");
  }
  return identity === null
    ? callerFromContext(requestContext)
    : fromMembers(member(identity, 'resolverContext'));
}

/**
 * Return the caller of a request context of API Gateway.
 *
 * HTTP APIs with payload format 2.0 have the authorizer's members below `authorizer.lambda`. REST and
 * WebSocket APIs, and payload format 1.0, have them below `authorizer`.
 * Throws NotAuthenticated if the context has no such members.
 */
export function callerFromContext(requestContext) {
  const authorizer = member(requestContext, 'authorizer');
  return fromMembers(member(authorizer, 'lambda') ?? authorizer);
}

function member(value, name) {
  // An inherited member is not part of the event.
  return value !== null && typeof value === 'object' && Object.hasOwn(value, name) ? value[name] : undefined;
}

function fromMembers(members) {
  if (member(members, 'token_id') === undefined) {
    throw new NotAuthenticated(
      'The event carries no context of an authorizer of Bodhi API Tokens. ' +
        'Attach the authorizer to this route, and deploy the stage again.',
    );
  }
  return new Caller({
    userId: text(members, 'user_id'),
    tokenId: text(members, 'token_id'),
    tokenName: decoded(text(members, 'token_name', '')),
    scopes: scopesOf(text(members, 'scopes', '')),
    expiresAt: time(members, 'expires_at'),
    idleAt: time(members, 'idle_at'),
  });
}

function text(members, name, byDefault) {
  const value = member(members, name) ?? byDefault;
  if (typeof value !== 'string' || (value === '' && byDefault === undefined)) throw invalid(name);
  return value;
}

function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    throw invalid('token_name');
  }
}

function time(members, name) {
  const value = member(members, name) ?? null;
  if (value === null) return null;
  // Gateways carry the number as a string or as a number.
  const isText = typeof value === 'string' || typeof value === 'number';
  const seconds = isText && /^[0-9]{1,12}$/.test(String(value)) ? Number(value) : NaN;
  return timeOf(seconds, () => invalid(name));
}

function invalid(name) {
  return new NotAuthenticated(`The authorizer's context has no valid '${name}'.`);
}
