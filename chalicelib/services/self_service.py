"""A token's own acts: it replaces itself, ends its predecessor's overlap, or ends itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from chalicelib.domain.errors import (
    MalformedToken,
    RevokedToken,
    SelfRotationOff,
    TokenAlreadyExpired,
    TokenAlreadyRevoked,
    TokenNotActive,
    TokenNotFound,
    UnknownToken,
    UserInactive,
)
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_creation import IssuedToken
from chalicelib.domain.users import User
from chalicelib.services.issue import IssueToken
from chalicelib.services.manage import ManageTokens
from chalicelib.services.verify import VerifyToken

_T = TypeVar("_T")

# What a bearer gets to hear of only as that the token is not valid: it ended after it was verified.
_ENDED = (TokenAlreadyExpired, TokenAlreadyRevoked, TokenNotActive, TokenNotFound, UserInactive)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that proved itself, and its owner."""

    owner: User
    token_id: str


class SelfService:
    """Acts on the token that is presented, for its bearer; ``may_rotate`` is SELF_ROTATION."""

    def __init__(
        self,
        verify: VerifyToken,
        users: UserStore,
        issue: IssueToken,
        manage: ManageTokens,
        *,
        may_rotate: bool,
    ) -> None:
        self._may_rotate = may_rotate
        self._verify = verify
        self._users = users
        self._issue = issue
        self._manage = manage

    def bearer(self, unverified_token: str | None) -> Bearer:
        """Return what the token may act on: itself. Raises InvalidToken or DependencyUnavailable."""
        if unverified_token is None:
            raise MalformedToken(is_presented=False)
        token = self._verify.verify(unverified_token).token
        owner = self._users.find_user(token.user_id)
        if owner is None:
            raise UnknownToken
        return Bearer(owner, token.id)

    def rotate(self, bearer: Bearer, overlap: timedelta) -> IssuedToken:
        """Replace the token by a successor of its line, and return that.

        Raises SelfRotationOff, InvalidToken, TokenAlreadyRotated, TooManyCreations, ConcurrentChange or
        DependencyUnavailable.
        """
        if not self._may_rotate:
            raise SelfRotationOff
        return _hidden(lambda: self._issue.rotate(bearer.owner, bearer.token_id, overlap, by_itself=True))

    def end_predecessor(self, bearer: Bearer) -> None:
        """End the overlap of the token's predecessor.

        Raises InvalidToken, NoPredecessor, ConcurrentChange or DependencyUnavailable.
        """
        _hidden(lambda: self._manage.end_predecessor(bearer.owner, bearer.token_id))

    def revoke(self, bearer: Bearer) -> None:
        """End the token and its line for good.

        Raises InvalidToken, ConcurrentChange or DependencyUnavailable.
        """
        _hidden(lambda: self._manage.revoke(bearer.owner, bearer.token_id, RevocationReason.OWNER))


def _hidden(act: Callable[[], _T]) -> _T:
    try:
        return act()
    except _ENDED as error:
        raise RevokedToken from error
