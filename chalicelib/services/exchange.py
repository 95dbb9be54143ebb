"""Token exchange (RFC 8693): a sign-in for an API token, an API token for an access token."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from chalicelib import logs
from chalicelib.domain.claims import ACCESS_TOKEN_LIFETIME, AccessClaims, AccessToken, TokenType
from chalicelib.domain.errors import (
    AudienceRequired,
    InvalidSubjectToken,
    InvalidTarget,
    InvalidToken,
    ScopeNotHeld,
    SignInRefused,
)
from chalicelib.domain.ids import API_TOKEN_PREFIX
from chalicelib.domain.ports.sign_in import SubjectTokenVerifier
from chalicelib.domain.ports.signing import AccessTokenSigner
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.token_creation import IssuedToken, TokenRequest
from chalicelib.services.accounts import Accounts
from chalicelib.services.issue import IssueToken
from chalicelib.services.verify import Verified, VerifyToken

_ID_BYTES = 16


class ExchangeSignIn:
    """Issues API tokens to whom the provider vouches for: the same tokens as any others."""

    def __init__(
        self, provider: SubjectTokenVerifier, accounts: Accounts, issue: IssueToken, audience: str
    ) -> None:
        self._provider = provider
        self._accounts = accounts
        self._issue = issue
        self._audience = audience

    def exchange(
        self,
        subject_token: str,
        kind: TokenType,
        targets: Collection[str],
        request: TokenRequest,
        idempotency_key: str | None,
    ) -> IssuedToken:
        """Return a new API token for the person behind ``subject_token``.

        ``targets`` are the resources and audiences asked for. Raises InvalidSubjectToken,
        InvalidTarget, and what issuing raises.
        """
        if any(target != self._audience for target in targets):
            raise InvalidTarget
        if subject_token.startswith(API_TOKEN_PREFIX):
            raise InvalidSubjectToken("An API token must be exchanged as an access token.")
        try:
            owner = self._accounts.present(self._provider.verify_as(subject_token, kind))
        except SignInRefused as error:
            raise InvalidSubjectToken(refusal=error) from error
        return self._issue.issue(owner, request, idempotency_key)


@dataclass(frozen=True, slots=True)
class DerivationRules:
    """For which audiences access tokens are made; none at all where the operator names none."""

    audiences: frozenset[str]

    def audience(self, targets: Collection[str]) -> str:
        """Return the one audience asked for. Raises AudienceRequired or InvalidTarget."""
        if not targets:
            raise AudienceRequired
        named = set(targets)
        if len(named) > 1 or not named <= self.audiences:
            raise InvalidTarget
        return named.pop()


class DeriveAccessToken:
    """Makes short-lived access tokens from API tokens, for services that verify offline."""

    def __init__(
        self, verify: VerifyToken, signer: AccessTokenSigner, rules: DerivationRules, clock: Clock
    ) -> None:
        self._verify = verify
        self._signer = signer
        self._rules = rules
        self._clock = clock

    def derive(
        self, subject_token: str, targets: Collection[str], scopes: frozenset[str] | None
    ) -> AccessToken:
        """Return an access token that may do what the API token may, or only ``scopes`` of it.

        It counts as a use of the API token. Raises AudienceRequired, InvalidTarget, ScopeNotHeld,
        InvalidSubjectToken or DependencyUnavailable.
        """
        audience = self._rules.audience(targets)
        try:
            verified = self._verify.verify(subject_token)
        except InvalidToken as error:
            logs.add(cause=error.reason)
            raise InvalidSubjectToken from error
        granted = verified.scopes if scopes is None else scopes
        if not granted or not granted <= verified.scopes:
            raise ScopeNotHeld
        claims = self._claims(verified, audience, granted)
        return AccessToken(claims, self._signer.sign(claims))

    def _claims(self, verified: Verified, audience: str, scopes: frozenset[str]) -> AccessClaims:
        token, now = verified.token, self._clock.now().replace(microsecond=0)
        end = now + ACCESS_TOKEN_LIFETIME
        return AccessClaims(
            subject=token.user_id,
            client_id=token.id,
            audience=audience,
            access_token_id=secrets.token_urlsafe(_ID_BYTES),
            scopes=scopes,
            issued_at=now,
            expires_at=min(end, verified.ends_at) if verified.ends_at else end,
        )
