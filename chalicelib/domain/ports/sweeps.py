"""The rows of the sweep, and its checkpoint."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from chalicelib.domain.events import Event
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.revocations import EndedGeneration
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.domain.walks import Walk


class KeptWalk(Frozen):
    """The stored walk, and the id of the write that stored it."""

    walk: Walk
    write_id: str


class UserPosition(Frozen):
    """A user's id and place in the index of users."""

    user_id: str
    position: str


class SweptToken(Frozen):
    """A token, and whether its row has the keys of the generic index. Rows of 0.1 lack them."""

    token: Token
    is_indexed: bool


class OwnedRows(Frozen):
    """A user with the ended generations and some tokens, in the order of their ids.

    ``next_after`` is the id of the last token that was read, or None if no more tokens follow it.
    """

    owner: User
    ended: Mapping[str, EndedGeneration]
    tokens: Sequence[SweptToken]
    next_after: str | None


class SweepStore(Protocol):
    """The checkpoint, and rows as the sweep reads and corrects them. Every call raises StoreUnavailable."""

    def find_walk(self) -> KeptWalk | None:
        """Return the stored walk, strongly consistent."""
        ...

    def save_walk(self, before: KeptWalk | None, after: Walk) -> KeptWalk | None:
        """Store a walk if the table still has ``before``. Return None if another run stored one."""
        ...

    def list_positions(self, after: str, limit: int) -> Sequence[UserPosition]:
        """Return at most ``limit`` users, the oldest first, after a position. They may be seconds old.

        Removed users are among them. The end of the list is an empty page.
        """
        ...

    def read_owned(self, user_id: str, after: str, limit: int, *, strong: bool = False) -> OwnedRows | None:
        """Return a user and at most ``limit`` tokens after the id ``after``.

        Unless ``strong`` is True, the rows may be seconds old, and the read costs half. Rows that cannot
        be read are left out and logged. Return None if the user does not exist.
        """
        ...

    def fill_index_keys(self, token: Token) -> bool:
        """Give a row the keys of the generic index, and change nothing else.

        Return False if the row has them, or was deleted.
        """
        ...

    def save_notices(self, before: Token, after: Token, events: Sequence[Event]) -> bool:
        """Write that notices were given, and their events, all or nothing.

        Return False if the token was used, changed, noticed or deleted since ``before``.
        """
        ...

    def forget_addresses(self, token: Token) -> bool:
        """Delete the networks from which a token was used or refused, and change nothing else.

        A refusal that is recorded meanwhile is kept without its network. Return False if the row was
        deleted, or if refusals are recorded so fast that another attempt is needed.
        """
        ...
