"""The orders of lists of tokens, and the places in them that cursors name."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from chalicelib import strict_json
from chalicelib.domain.errors import InvalidCursor
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.ids import TOKEN_ID
from chalicelib.domain.token_ends import Ends
from chalicelib.domain.tokens import Token
from chalicelib.services import cursors

Sort = Literal[
    "created_at",
    "-created_at",
    "last_used_at",
    "-last_used_at",
    "name",
    "-name",
    "idle_at",
    "-idle_at",
    "ends_at",
    "-ends_at",
]
DEFAULT_SORT: Sort = "-created_at"

_CURSOR_BOUNDS = strict_json.Bounds(longest=cursors.MAX_LENGTH, deepest=1, most_values=4)
_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)

_ANY_TEXT = re.compile("(?s:.*)")
_TIME = re.compile("[0-9]{15}")

SortKey = Callable[[Token, Ends], str | None]


def _time(moment: datetime | None) -> str | None:
    return f"{(moment - _EPOCH) // _MILLISECOND:015d}" if moment else None


class _Column(Frozen):
    """A value to order by, as text of a ``form``. None, for tokens without one, comes last both ways."""

    key: SortKey
    form: re.Pattern[str]
    may_lack: bool = False

    def has(self, key: object) -> bool:
        """Return True if a token may have this key."""
        return self.may_lack if key is None else isinstance(key, str) and bool(self.form.fullmatch(key))


_COLUMNS: dict[str, _Column] = {
    "created_at": _Column(lambda token, ends: "", _ANY_TEXT),  # ids sort by creation time already
    "name": _Column(lambda token, ends: token.name.casefold(), _ANY_TEXT),
    "last_used_at": _Column(lambda token, ends: _time(token.last_used_at), _TIME, may_lack=True),
    "idle_at": _Column(lambda token, ends: _time(ends.idle_at(token)), _TIME, may_lack=True),
    "ends_at": _Column(lambda token, ends: _time(ends.end_of(token)), _TIME, may_lack=True),
}


class Place(Frozen):
    """A token's place in an order. The id breaks ties. ``key`` is None if the token has no value."""

    key: str | None
    token_id: str


class Order(Frozen):
    """An order of tokens, as ``sort`` names it. With ``-`` in front it descends."""

    sort: Sort

    @property
    def descends(self) -> bool:
        """True if the largest value comes first."""
        return self.sort.startswith("-")

    @property
    def is_by_id(self) -> bool:
        """True if it is the order of the rows themselves."""
        return self._name == "created_at"

    @property
    def is_by_end(self) -> bool:
        """True if it compares the ends of tokens that were revoked."""
        return self._name == "ends_at"

    def place(self, token: Token, ends: Ends) -> Place:
        """Return the place of a token."""
        return Place(_COLUMNS[self._name].key(token, ends), token.id)

    def behind(self, tokens: Sequence[Token], after: Place | None, ends: Ends) -> list[Token]:
        """Return the tokens in order, from the first one behind a place on."""
        ranked = sorted(((self._rank(self.place(each, ends)), each) for each in tokens), key=_rank_of)
        if self.descends:
            ranked.reverse()
        if after is None:
            return [token for _, token in ranked]
        start = self._rank(after)
        return [token for rank, token in ranked if (rank < start if self.descends else rank > start)]

    def write(self, place: Place) -> str:
        """Return the cursor of a place."""
        # Escapes of ASCII would make the cursor of the longest name too long.
        parts = [self.sort, place.key, place.token_id]
        return cursors.write(json.dumps(parts, separators=(",", ":"), ensure_ascii=False))

    def read(self, cursor: str) -> Place:
        """Return the place that a cursor of this order names. Raises InvalidCursor."""
        try:
            parts: Any = strict_json.parse(cursors.read(cursor), _CURSOR_BOUNDS)
        except ValueError as error:
            raise InvalidCursor from error
        if not isinstance(parts, list) or len(parts) != 3:
            raise InvalidCursor
        sort, key, token_id = parts
        is_ours = sort == self.sort and _COLUMNS[self._name].has(key)
        if not is_ours or not isinstance(token_id, str) or not TOKEN_ID.fullmatch(token_id):
            raise InvalidCursor
        return Place(key, token_id)

    @property
    def _name(self) -> str:
        return self.sort.removeprefix("-")

    def _rank(self, place: Place) -> "_Rank":
        # Reversed for a descending order, so there a missing value must be the smallest.
        return (place.key is None) is not self.descends, place.key or "", place.token_id


_Rank = tuple[bool, str, str]


def _rank_of(ranked: tuple[_Rank, Token]) -> _Rank:
    return ranked[0]
