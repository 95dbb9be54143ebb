"""Revocation by whoever holds a token (RFC 7009): possession suffices, and nobody learns anything."""

from chalicelib import logs
from chalicelib.domain.errors import InvalidToken, TokenNotFound, UnsupportedTokenType
from chalicelib.domain.ids import API_TOKEN_PREFIX
from chalicelib.domain.ports import AccessTokenVerifier, TokenVerifier, UserStore
from chalicelib.domain.tokens import RevocationReason
from chalicelib.services.manage import ManageTokens


class RevokePresented:
    """Revokes the API token that somebody presents; any other string is as good as revoked already."""

    def __init__(
        self,
        verifier: TokenVerifier,
        access_tokens: AccessTokenVerifier,
        users: UserStore,
        manage: ManageTokens,
    ) -> None:
        self._verifier = verifier
        self._access_tokens = access_tokens
        self._users = users
        self._manage = manage

    def revoke(self, unverified_token: str) -> None:
        """Revoke a token for good, if there is anything to revoke.

        Raises UnsupportedTokenType for an access token of ours, ConcurrentChange or StoreUnavailable.
        """
        try:
            self._revoke(unverified_token)
        except InvalidToken as error:
            logs.add(ignored=error.reason)
        except TokenNotFound:
            logs.add(ignored="unknown")

    def _revoke(self, unverified_token: str) -> None:
        if not unverified_token.startswith(API_TOKEN_PREFIX):
            self._access_tokens.verify(unverified_token)
            raise UnsupportedTokenType
        claims = self._verifier.verify(unverified_token)
        logs.add(user_id=claims.subject, token_id=claims.token_id)
        owner = self._users.find_user(claims.subject)
        if owner is None:
            raise TokenNotFound
        self._manage.revoke(owner, claims.token_id, RevocationReason.OWNER)
