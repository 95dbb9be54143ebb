"""The proof that the events tell every change once. Added up, they lead to the rows as they are."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalicelib.domain.events import (
    Difference,
    Event,
    EventType,
    differences_of_token,
    differences_of_user,
)
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User

_EMPTY = (None, "", ())
# The members of events that the row does not show.
_NOT_IN_ROWS = "tokens_revoked"


def check_histories(users: Iterable[User], tokens: Iterable[Token], events: Sequence[Event]) -> None:
    """Fail unless each change of these rows has exactly one event.

    Each event takes a member from one value to another. All the steps of a member must lead from nothing
    to its value in the row. A missing event leaves a gap, and a second one leaves an end too many.
    """
    for user in users:
        own = [e for e in events if e.user_id == user.id and e.token_id is None]
        assert _ends(own, differences_of_user(None, user)) == {}, user.id
        assert [e.type for e in own].count(EventType.USER_CREATED) == 1, user.id
    for token in tokens:
        own = [e for e in events if e.token_id == token.id]
        assert {e.user_id for e in own} <= {token.user_id}
        _check_birth(token, events)
        for member, ends in _ends(own, differences_of_token(None, token)).items():
            # The event of its predecessor tells of a successor, but not with what members it began.
            assert token.predecessor_id, (token.id, member, ends)
            assert (sorted(ends.values()), ends[None]) == ([-1, 1], 1), (token.id, member, ends)


def check_no_token_without_row(tokens: Iterable[Token], events: Iterable[Event]) -> None:
    """Fail if an event tells of a token that has no row."""
    told = {each for event in events for each in (event.token_id, _successor(event)) if each}
    assert told <= {token.id for token in tokens}


def _check_birth(token: Token, events: Iterable[Event]) -> None:
    created = [e for e in events if e.type is EventType.TOKEN_CREATED and e.token_id == token.id]
    rotated = [e for e in events if _successor(e) == token.id]
    assert (len(created), len(rotated)) == ((0, 1) if token.predecessor_id else (1, 0)), token.id


def _successor(event: Event) -> Any:
    return event.changes["successor_id"].after if "successor_id" in event.changes else None


def _ends(events: Iterable[Event], row: Mapping[str, Difference]) -> dict[str, Counter[Any]]:
    """Return the open ends of the steps of each member that does not lead from nothing to the row."""
    steps: dict[str, Counter[Any]] = {}

    def step(member: str, before: object, after: object) -> None:
        ends = steps.setdefault(member, Counter())
        ends[None if after in _EMPTY else after] += 1
        ends[None if before in _EMPTY else before] -= 1

    for event in events:
        for member, change in event.changes.items():
            step(member, change.before, change.after)
    # The row closes the circle.
    for member, value in row.items():
        step(member, value.after, None)
    steps.pop(_NOT_IN_ROWS, None)
    left = {member: Counter({v: n for v, n in ends.items() if n}) for member, ends in steps.items()}
    return {member: ends for member, ends in left.items() if ends}
