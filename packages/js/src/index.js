/** The callers of an API behind the authorizer of Bodhi API Tokens. */

export { AccessTokenVerifier } from './access-tokens.js';
export { bearerToken } from './bearers.js';
export { Caller, caller, callerFromContext } from './callers.js';
export {
  BodhiTokensError,
  InactiveToken,
  MissingScope,
  NotAuthenticated,
  TokenServiceUnavailable,
} from './errors.js';
export { expressCaller } from './express.js';
export { honoCaller } from './hono.js';
export { IntrospectionClient } from './introspection.js';
export { VerifiedToken } from './verified.js';
