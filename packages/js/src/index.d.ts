/** An error of this package. `status` is the HTTP status to send. */
export class BodhiTokensError extends Error {
  readonly status: number;
}
export class NotAuthenticated extends BodhiTokensError {}
export class InactiveToken extends NotAuthenticated {}
export class MissingScope extends BodhiTokensError {
  constructor(scope: string);
  readonly scope: string;
}
export class TokenServiceUnavailable extends BodhiTokensError {}

interface Scoped {
  readonly scopes: readonly string[];
  requireScope(scope: string): void;
}

/** The bearer of an API token that an authorizer has let in. */
export class Caller implements Scoped {
  private constructor();
  readonly userId: string;
  readonly tokenId: string;
  readonly tokenName: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
  readonly idleAt: Date | null;
  requireScope(scope: string): void;
}

/** A token that this service itself has verified. */
export class VerifiedToken implements Scoped {
  private constructor();
  readonly userId: string;
  readonly tokenId: string;
  readonly accessTokenId: string | null;
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly issuedAt: Date;
  readonly expiresAt: Date | null;
  requireScope(scope: string): void;
}

export function caller(event: unknown): Caller;
export function callerFromContext(requestContext: unknown): Caller;
export function bearerToken(authorization: string | null | undefined): string;

export interface MiddlewareOptions {
  openPaths?: readonly string[];
  log?: (reason: string) => void;
}

/** Middleware of Express, which sets `request.caller`. */
export function expressCaller(
  options?: MiddlewareOptions,
): (request: any, response: any, next: (error?: unknown) => void) => void;

/** Middleware of Hono, which sets `context.get('caller')`. */
export function honoCaller(
  options?: MiddlewareOptions,
): (context: any, next: () => Promise<void>) => Promise<Response | undefined>;

export class IntrospectionClient {
  constructor(options: {
    issuer: string;
    clientId: string;
    clientSecret: string;
    audience: string;
    timeout?: number;
    cacheSeconds?: number;
    now?: () => number;
  });
  verify(unverifiedToken: string, callerAddress: string | null): Promise<VerifiedToken>;
}

export class AccessTokenVerifier {
  constructor(options: { issuer: string; audience: string; timeout?: number; now?: () => number });
  verify(unverifiedToken: string): Promise<VerifiedToken>;
}
