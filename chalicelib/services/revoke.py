"""Revocation by whoever holds a token (RFC 7009): possession suffices, and nobody learns anything."""

from chalicelib import logs
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import InvalidToken, UnsupportedTokenType
from chalicelib.domain.ids import API_TOKEN_PREFIX
from chalicelib.domain.ports.signing import AccessTokenVerifier, TokenVerifier
from chalicelib.domain.revocations import RevocationReason
from chalicelib.services.lines import FindPresented
from chalicelib.services.revocation import RevokeToken


class RevokePresented:
    """Revokes the API token that somebody presents; any other string is as good as revoked already."""

    def __init__(
        self,
        verifier: TokenVerifier,
        access_tokens: AccessTokenVerifier,
        find: FindPresented,
        revocations: RevokeToken,
    ) -> None:
        self._verifier = verifier
        self._access_tokens = access_tokens
        self._find = find
        self._revocations = revocations

    def revoke(self, unverified_token: str) -> None:
        """Revoke a token for good, if there is anything to revoke.

        Raises UnsupportedTokenType for an access token of ours, ConcurrentChange or StoreUnavailable.
        """
        try:
            claims = self._claims(unverified_token)
        except InvalidToken as error:
            logs.add(ignored=error.reason)
            return
        logs.add(user_id=claims.subject, token_id=claims.token_id)
        revoked = self._revocations.revoke(lambda: self._find.of(claims), RevocationReason.OWNER)
        logs.add(revoked=revoked)

    def _claims(self, unverified_token: str) -> Claims:
        if unverified_token.startswith(API_TOKEN_PREFIX):
            return self._verifier.verify(unverified_token)
        self._access_tokens.verify(unverified_token)
        raise UnsupportedTokenType
