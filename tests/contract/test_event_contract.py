"""Each change and its event are written together, or neither is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.domain.errors import ApiTokensError, ConcurrentChange
from chalicelib.domain.events import ActorKind, Difference, Event, EventType
from chalicelib.domain.identities import SubjectIdentifier, moved
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.rotation import rotation_of, successor_of
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import Role, User
from tests.support.actors import an_event
from tests.support.builders import ISSUER, LIMITS, RULES, a_token, a_user, an_ending
from tests.support.canaries import recorded
from tests.support.clock import START
from tests.support.dynamodb import Stores, dynamodb_stores, moto_cloud
from tests.support.waiting import wait_until

LATER = START + timedelta(minutes=5)


def events(stores: Stores, user: User) -> list[Event]:
    """Return all events of a user, the newest first."""
    return list(stores.events.list_events(user.id, after=None, limit=100).events)


def of(user: User) -> Event:
    """Return an event in the history of a user."""
    return an_event(user.id)


def stored_token(stores: Stores, owner: User) -> Token:
    """Add a token. Its event is not in the owner's history."""
    token = a_token(owner)
    stores.tokens.add_token(token, an_event(), limits=LIMITS, idempotency=None)
    return token


def create(stores: Stores, owner: User, token: Token, event: Event) -> None:
    """Create another token."""
    stores.tokens.add_token(a_token(owner), event, limits=LIMITS, idempotency=None)


def change(stores: Stores, owner: User, token: Token, event: Event) -> None:
    """Pause the token."""
    stores.tokens.save_token(token, token.paused(LATER), event)


def end(stores: Stores, owner: User, token: Token, event: Event) -> None:
    """Revoke the token."""
    ended = token.revoked(RevocationReason.OWNER, LATER, RULES)
    stores.tokens.end_line(an_ending(token, ended), [event])


def rotate(stores: Stores, owner: User, token: Token, event: Event) -> None:
    """Rotate the token."""
    successor = successor_of(token, new_token_id(LATER), LATER, RULES)
    rotation = rotation_of(token, None, successor, timedelta(0), RULES)
    stores.rotations.rotate_token(rotation, [event], limits=LIMITS)


def sign_in(stores: Stores, owner: User, token: Token, event: Event) -> None:
    """Give the owner the role of an administrator."""
    promoted = replace(owner, role=Role.ADMIN, role_given_at=LATER, signed_in_at=LATER)
    stores.users.save_sign_in(owner, promoted, event)


def deactivate(stores: Stores, owner: User, token: Token, event: Event) -> None:
    """Deactivate the owner."""
    stores.users.save_user(owner, owner.deactivated(LATER), event)


def move(stores: Stores, owner: User, token: Token, event: Event) -> None:
    """Move the owner to another identity."""
    to = SubjectIdentifier(ISSUER, "other-subject")
    stores.users.move_user(owner, moved(owner, to, LATER), event)


Change = Callable[[Stores, User, Token, Event], None]
CHANGES: dict[str, Change] = {
    "create": create,
    "change": change,
    "end": end,
    "rotate": rotate,
    "sign-in": sign_in,
    "deactivate": deactivate,
    "move": move,
}


@pytest.mark.parametrize("name", CHANGES)
def test_change_writes_its_event(stores: Stores, owner: User, name: str) -> None:
    """The event is found right after the change."""
    token, event = stored_token(stores, owner), of(owner)
    CHANGES[name](stores, owner, token, event)
    assert events(stores, owner) == [event]


@pytest.mark.parametrize("name", CHANGES)
def test_change_that_is_refused_writes_none(stores: Stores, owner: User, name: str) -> None:
    """Everything was changed meanwhile, so nothing is written."""
    token = stored_token(stores, owner)
    stores.tokens.save_token(token, token.paused(LATER), an_event())
    stores.tokens.end_line(
        an_ending(token, token.revoked(RevocationReason.ADMIN, LATER, RULES)), [an_event()]
    )
    gone = owner.removed(LATER, "other-generation")
    stores.users.save_user(owner, gone, an_event())
    with pytest.raises(ApiTokensError):
        CHANGES[name](stores, owner, token, of(owner))
    assert events(stores, owner) == []


def test_new_user_has_an_event_and_a_second_one_has_none(stores: Stores) -> None:
    """Two first sign-ins at once leave one user and one event."""
    user = a_user()
    first, second = of(user), of(user)
    assert stores.users.add_user(user, first)
    assert not stores.users.add_user(user, second)
    assert events(stores, user) == [first]


def test_no_event_replaces_another_one(stores: Stores, owner: User) -> None:
    """A repeated id is refused, and so is its change."""
    token, event = stored_token(stores, owner), of(owner)
    paused = stores.tokens.save_token(token, token.paused(LATER), event)
    with pytest.raises((ConcurrentChange, AssertionError)):
        stores.tokens.save_token(paused, paused.reactivated(LATER, RULES), event)
    assert stores.tokens.find_token(owner.id, token.id) == paused
    assert events(stores, owner) == [event]


def test_derived_event_is_written_once(stores: Stores, owner: User) -> None:
    """A record of the stream may come twice, to two readers at once."""
    event = of(owner)
    assert stores.events.add_event(event)
    assert not stores.events.add_event(replace(event, token_id="tok_other"))
    assert events(stores, owner) == [event]


def test_every_member_is_stored(stores: Stores, owner: User) -> None:
    """What is read is what was written."""
    event = Event(
        id="evt_0123456789abcdefghjkmnpqrs",
        user_id=owner.id,
        type=EventType.TOKEN_CHANGED,
        at=START + timedelta(milliseconds=7),
        actor_kind=ActorKind.ADMINISTRATOR,
        purge_at=START + timedelta(days=400),
        actor_id="usr_somebody",
        address="2001:db8::/48",
        user_agent="curl/8.7.1 “quoted”",
        request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        token_id="tok_1",
        changes={
            "name": Difference("été", "冬"),
            "allowed_networks": Difference((), ("192.0.2.0/24", "2001:db8::/32")),
            "revoked_reason": Difference(None, "admin"),
        },
    )
    token = stored_token(stores, owner)
    stores.tokens.save_token(token, token.paused(LATER), event)
    assert events(stores, owner) == [event]


def test_history_is_read_page_by_page(stores: Stores, owner: User) -> None:
    """The newest come first; events of one millisecond have an order too."""
    token = stored_token(stores, owner)
    written = []
    for n in range(5):
        event = replace(of(owner), at=START + timedelta(milliseconds=n // 2))
        token = stores.tokens.save_token(token, token.described(str(n), "", LATER), event)
        written.append(event)
    expected = sorted(written, key=lambda event: event.position, reverse=True)
    first = stores.events.list_events(owner.id, after=None, limit=2)
    rest = stores.events.list_events(owner.id, after=first.next_position, limit=10)
    assert [*first.events, *rest.events] == expected
    assert (len(first.events), rest.next_position) == (2, None)
    assert not stores.events.list_events(a_user("else@example.com").id, after=None, limit=10).events


MIDNIGHT = START.replace(hour=0)
TODAY = MIDNIGHT.date()
LAST = "9" * 15


def told(stores: Stores, owner: User, *moments: datetime) -> list[Event]:
    """Return new events at these times, the newest first."""
    token = stored_token(stores, owner)
    made = []
    for n, at in enumerate(moments):
        event = replace(of(owner), at=at)
        token = stores.tokens.save_token(token, token.described(str(n), "", LATER), event)
        made.append(event)
    return sorted(made, key=lambda event: event.position, reverse=True)


def listed(stores: Stores, before: str = LAST, limit: int = 100, day: date = TODAY) -> list[Event]:
    """Return the owners' events of a day, of all pages."""
    found: list[Event] = []
    position: str | None = before
    while position:
        page = stores.events.list_day(day, before=position, limit=limit)
        assert len(page.events) <= limit
        # Those that other tests' helpers write are in the same day.
        found += [event for event in page.events if event.user_id != "usr_person"]
        position = page.next_position
    return found


def test_day_is_listed_across_its_parts(stores: Stores, owner: User) -> None:
    """In the order of the history, whatever part of the index has an event, from midnight to midnight."""
    moments = [MIDNIGHT + timedelta(milliseconds=n // 3) for n in range(30)]
    edge = MIDNIGHT + timedelta(days=1)
    events = told(stores, owner, *moments, edge - timedelta(milliseconds=1))
    after, before = told(stores, owner, MIDNIGHT - timedelta(milliseconds=1), edge)

    wait_until(lambda: len(listed(stores, day=edge.date())) == 1)
    wait_until(lambda: len(listed(stores)) == len(events))
    for limit in (1, 7, 31, 100):
        assert listed(stores, limit=limit) == events
    for day, event in ((before.at.date(), before), (after.at.date(), after)):
        assert listed(stores, day=day) == [event]


def test_day_is_listed_before_a_position(stores: Stores, owner: User) -> None:
    """The event of the position itself is not listed again. A time means the start of its millisecond."""
    events = told(stores, owner, *[MIDNIGHT + timedelta(milliseconds=n // 2) for n in range(8)])
    wait_until(lambda: len(listed(stores)) == len(events))
    for number, event in enumerate(events):
        assert listed(stores, event.position) == events[number + 1 :]
        earlier = [each for each in events if each.at < event.at]
        assert listed(stores, event.position.partition("#")[0]) == earlier


def test_users_are_found_by_their_ids(stores: Stores, owner: User) -> None:
    """The 103 ids need more than one call, in any order. An unknown id has no user."""
    others = [a_user(f"{n}@example.com") for n in range(101)]
    for other in others:
        assert stores.users.add_user(other, an_event())
    ids = [owner.id, a_user("nobody@example.com").id, *(other.id for other in others)]
    found = stores.users.find_users(ids)
    assert {user.id for user in found} == {user.id for user in (owner, *others)}
    assert len(found) == 102
    assert stores.users.find_users([]) == []


def test_event_that_cannot_be_read_hides_no_other() -> None:
    """A later release wrote it, or an attacker. The history goes on behind it, and the log tells."""
    with moto_cloud() as cloud:
        stores = dynamodb_stores(cloud)
        owner = a_user()
        first, damaged, strange, last = (
            replace(of(owner), at=START + timedelta(milliseconds=n)) for n in range(4)
        )
        stores.users.add_user(owner, first)
        row = EVENT.item(damaged)
        del row["type"]
        for item in (row, EVENT.item(strange) | {"type": {"S": "token.teleported"}}):
            cloud.dynamodb.put_item(TableName=cloud.table, Item=item)
        stores.users.save_user(owner, owner.deactivated(LATER), last)

        with recorded() as log:
            assert events(stores, owner) == [last, first]
            assert listed(stores, day=START.date()) == [last, first]
            start = stores.events.list_events(owner.id, after=None, limit=3)
            assert (list(start.events), start.next_position) == ([last], damaged.position)
            rest = stores.events.list_events(owner.id, after=start.next_position, limit=3)
            assert (list(rest.events), rest.next_position) == ([first], None)
        lines = log.lines("events.unreadable")
        assert {line["sk"] for line in lines} == {damaged.position, strange.position}
