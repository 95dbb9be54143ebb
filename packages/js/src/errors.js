/** The errors of this package, in one hierarchy. None holds a token, a header or a secret. */

/** The base of all errors of this package. It is never thrown itself. `status` is the HTTP status to send. */
export class BodhiTokensError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   */
  constructor(message, status) {
    super(message);
    this.name = this.constructor.name;
    this.status = status;
  }
}

/**
 * The request names no caller that the gateway or the token service has verified: 401.
 *
 * The message is for your log. It says which part is missing, and never repeats what the client sent.
 */
export class NotAuthenticated extends BodhiTokensError {
  /** @param {string} message */
  constructor(message) {
    super(message, 401);
    // Express shows the message of an error only if this is true.
    this.expose = false;
  }
}

/** The presented token may not be used: 401. The reason is not told. */
export class InactiveToken extends NotAuthenticated {
  constructor() {
    super('The token is not active.');
  }
}

/** The caller's token lacks a scope: 403 (RFC 6750 `insufficient_scope`). */
export class MissingScope extends BodhiTokensError {
  /** @param {string} scope */
  constructor(scope) {
    super(`This call needs a token with the scope ${scope}.`, 403);
    this.scope = scope;
  }
}

/** The token service made no decision: 503. It is neither a refusal nor a permission. */
export class TokenServiceUnavailable extends BodhiTokensError {
  /** @param {string} message */
  constructor(message) {
    super(message, 503);
  }
}
