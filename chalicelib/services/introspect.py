"""Introspection (RFC 7662). It is not counted as a use, so nothing is written."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib import logs
from chalicelib.domain.errors import InvalidToken, WrongClaims
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.ids import API_TOKEN_PREFIX
from chalicelib.domain.ports.signing import AccessTokenVerifier
from chalicelib.services.verify import VerifyToken


class ActiveToken(Frozen):
    """A token that may be used right now, as RFC 7662 section 2.2 describes it.

    ``jti`` is its own id. ``client_id`` is the API token behind an access token, and None for an API token.
    """

    subject: str
    audience: str
    jti: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime | None
    client_id: str | None = None


class IntrospectToken:
    """The authorizer's decision for services that ask, without counting a use.

    ``audiences`` are those that each client may ask about.
    """

    def __init__(
        self,
        verify: VerifyToken,
        access_tokens: AccessTokenVerifier,
        audience: str,
        audiences: Mapping[str, frozenset[str]],
    ) -> None:
        self._verify = verify
        self._access_tokens = access_tokens
        self._audience = audience
        self._audiences = audiences

    def __call__(
        self, unverified_token: str, client_id: str, caller_address: str | None = None
    ) -> ActiveToken | None:
        """Return the token, or None if it is not active for this client.

        A token for an audience of another client is not active (RFC 7662 section 2.2). The client saw
        ``caller_address``. If it is None, a token with a list of networks is not active.
        Raises StoreUnavailable.
        """
        audiences = self._audiences[client_id]
        try:
            if unverified_token.startswith(API_TOKEN_PREFIX):
                # Before the read, so that a client for another API learns nothing, not even by time.
                _require(self._audience, audiences)
                return self._api_token(unverified_token, caller_address)
            return self._access_token(unverified_token, audiences, caller_address)
        except InvalidToken as error:
            logs.add(inactive=error.reason)
            return None

    def _api_token(self, unverified_token: str, caller_address: str | None) -> ActiveToken:
        verified = self._verify.uncounted(unverified_token, caller_address)
        token = verified.token
        return ActiveToken(
            subject=token.user_id,
            audience=self._audience,
            jti=token.id,
            scopes=verified.scopes,
            issued_at=token.created_at,
            expires_at=verified.ends_at,
        )

    def _access_token(
        self, unverified_token: str, audiences: frozenset[str], caller_address: str | None
    ) -> ActiveToken:
        claims = self._access_tokens.verify(unverified_token)
        _require(claims.audience, audiences)
        behind = self._verify.uncounted_by_ids(claims.subject, claims.client_id, caller_address)
        return ActiveToken(
            subject=claims.subject,
            audience=claims.audience,
            jti=claims.access_token_id,
            scopes=claims.scopes & behind.scopes,
            issued_at=claims.issued_at,
            expires_at=claims.expires_at,
            client_id=claims.client_id,
        )


def _require(audience: str, audiences: frozenset[str]) -> None:
    if audience not in audiences:
        raise WrongClaims
