"""Self-service: a token rotates itself, ends its predecessor's overlap, or revokes itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from chalicelib.domain.callers import Caller
from chalicelib.domain.errors import (
    MalformedToken,
    RevokedToken,
    SelfRotationOff,
    TokenAlreadyExpired,
    TokenAlreadyRevoked,
    TokenNotActive,
    TokenNotFound,
    UserInactive,
)
from chalicelib.domain.events import Actor, ActorKind
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_creation import IssuedToken
from chalicelib.services.manage import ManageTokens
from chalicelib.services.revocation import RevokeToken
from chalicelib.services.rotate import RotateToken
from chalicelib.services.verify import Verified, VerifyToken

_T = TypeVar("_T")

# The token ended after it was verified. So its bearer only learns that it is not valid.
_ENDED = (TokenAlreadyExpired, TokenAlreadyRevoked, TokenNotActive, TokenNotFound, UserInactive)


class SelfService:
    """Changes to the presented token itself. ``may_rotate`` is the setting SELF_ROTATION."""

    def __init__(
        self,
        verify: VerifyToken,
        rotate: RotateToken,
        manage: ManageTokens,
        revoke: RevokeToken,
        *,
        may_rotate: bool,
    ) -> None:
        self._may_rotate = may_rotate
        self._verify = verify
        self._rotate = rotate
        self._manage = manage
        self._revoke = revoke

    def bearer(
        self, unverified_token: str | None, caller: Caller, *, from_anywhere: bool = False
    ) -> Verified:
        """Return the token that a call presents.

        ``from_anywhere`` is True for a revocation, which asks for no network. Raises InvalidToken or
        DependencyUnavailable.
        """
        if unverified_token is None:
            raise MalformedToken(is_presented=False)
        return self._verify(unverified_token, caller, from_anywhere=from_anywhere)

    def rotate(self, bearer: Verified, overlap: timedelta, caller: Caller) -> IssuedToken:
        """Replace the token by a successor of its line. Return the successor.

        Raises SelfRotationOff, InvalidToken, TokenAlreadyRotated, TooManyCreations, ConcurrentChange or
        DependencyUnavailable.
        """
        if not self._may_rotate:
            raise SelfRotationOff
        actor = _itself(bearer, caller)
        return _hidden(lambda: self._rotate(bearer.owner, bearer.token.id, overlap, actor, by_itself=True))

    def end_predecessor(self, bearer: Verified, caller: Caller) -> None:
        """End the overlap of the token's predecessor.

        Raises InvalidToken, NoPredecessor, ConcurrentChange or DependencyUnavailable.
        """
        actor = _itself(bearer, caller)
        _hidden(lambda: self._manage.end_predecessor(bearer.owner, bearer.token.id, actor))

    def revoke(self, bearer: Verified, caller: Caller) -> None:
        """Revoke the token and its line for good.

        Raises InvalidToken, ConcurrentChange or DependencyUnavailable.
        """
        actor = _itself(bearer, caller)
        _hidden(lambda: self._revoke(bearer.owner, bearer.token.id, RevocationReason.OWNER, actor))


def _itself(bearer: Verified, caller: Caller) -> Actor:
    return Actor(ActorKind.TOKEN, bearer.token.id, caller)


def _hidden(act: Callable[[], _T]) -> _T:
    try:
        return act()
    except _ENDED as error:
        raise RevokedToken from error
