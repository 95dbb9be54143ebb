"""Rotations: the rows that they write, and the status of a rotated token."""

from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import (
    ApiTokensError,
    InactiveOwner,
    InvalidToken,
    NoPredecessor,
    RevokedToken,
    RotatedToken,
    TokenAlreadyExpired,
    TokenAlreadyRevoked,
    TokenAlreadyRotated,
    TokenNotActive,
)
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.noticed import Notice, NoticeKind
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.rotation import (
    Rotation,
    needs_reuse_record,
    own_successor_of,
    reused,
    rotation_of,
    successor_of,
    without_overlap,
)
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetworks
from chalicelib.domain.token_checks import require_active, require_usable
from chalicelib.domain.token_rules import MAX_OVERLAP, TokenRules
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.domain.users import UserStatus
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START

TICK = timedelta(milliseconds=1)
DAY = timedelta(days=1)
NOW = START + DAY
OWNER = a_user(generation="now")
ACTIVE, REVOKED = TokenStatus.ACTIVE, TokenStatus.REVOKED


def rotation(
    token: Token,
    overlap: timedelta = DAY,
    *,
    at: datetime = NOW,
    before: Token | None = None,
    rules: TokenRules = RULES,
) -> Rotation:
    """Return a rotation of ``token``, whose predecessor is ``before``."""
    successor = successor_of(token, new_token_id(at), at, rules)
    return rotation_of(token, before, successor, overlap, rules)


def self_rotation(
    token: Token, overlap: timedelta = DAY, *, at: datetime = NOW, before: Token | None = None
) -> Rotation:
    """Return a rotation by the token itself."""
    return rotation_of(token, before, own_successor_of(token, new_token_id(at), at, RULES), overlap, RULES)


def rotated(overlap: timedelta = DAY, **changes: Any) -> Token:
    """Return a token as its rotation leaves it."""
    return rotation(replace(a_token(OWNER), **changes), overlap).rotated.after


def refusal(token: Token, now: datetime) -> type[InvalidToken] | None:
    """Return how the token is refused, if it is."""
    try:
        require_usable(token, OWNER, now, RULES)
    except InvalidToken as error:
        return type(error)
    return None


def test_successor_is_the_same_to_its_owner() -> None:
    """Name, description, scopes, owner and generation go on; use begins anew."""
    token = a_token(OWNER, name="ci", description="builds", scopes=frozenset({"api:read"}))
    used = replace(
        token.touched(NOW, RULES, {NOW.date(): 3}),
        networks=SeenNetworks().seen("192.0.2.0/24", NOW),
        refused=RefusedUses(1, NOW, RefusedReason.PAUSED, None),
        allowed_networks=allowed_networks(["192.0.2.0/24"]),
    )
    made = rotation(replace(used, version=9)).successor

    assert (made.name, made.description, made.scopes) == ("ci", "builds", frozenset({"api:read"}))
    assert (made.user_id, made.generation, made.state) == (OWNER.id, "now", TokenState.ACTIVE)
    assert (made.created_at, made.updated_at, made.idle_at) == (NOW, NOW, NOW + RULES.idle_timeout)
    assert (made.last_used_at, dict(made.usage), made.version) == (None, {}, 1)
    assert (made.networks, made.refused) == (SeenNetworks(), None)
    assert made.allowed_networks == used.allowed_networks
    assert made.purge_at == RULES.purge_time(made.idle_at)


def test_both_are_linked_and_know_their_family() -> None:
    """The first token gives the family its name, and each later one carries it on."""
    first = a_token(OWNER)
    one = rotation(first)
    two = rotation(one.successor, at=NOW + 2 * DAY)

    assert one.rotated.after.successor_id == one.successor.id
    assert one.successor.predecessor_id == first.id
    assert two.successor.predecessor_id == one.successor.id
    families = {t.family_id for t in (one.rotated.after, one.successor, two.rotated.after, two.successor)}
    assert families == {first.id}


@pytest.mark.parametrize(
    ("lifetime", "longest", "expected"),
    [
        (None, None, None),
        (30 * DAY, None, 30 * DAY),
        (30 * DAY, 7 * DAY, 7 * DAY),
        (30 * DAY, 90 * DAY, 30 * DAY),
        (None, 90 * DAY, 90 * DAY),
    ],
)
def test_lifetime_begins_anew_within_what_is_allowed(
    lifetime: timedelta | None, longest: timedelta | None, expected: timedelta | None
) -> None:
    """As long as the predecessor's, counted from now in whole seconds; never longer than the most."""
    created = START + 250 * TICK
    expires = created.replace(microsecond=0) + lifetime if lifetime else None
    token = a_token(OWNER, created, expires_at=expires)
    made = rotation(token, at=NOW + 700 * TICK, rules=replace(RULES, max_lifetime=longest)).successor

    assert made.expires_at == (NOW + expected if expected else None)


def test_rotated_token_works_until_its_overlap_ends() -> None:
    """To the millisecond; then it is revoked, and says why and since when."""
    token, end = rotated(), NOW + DAY

    assert token.status(OWNER, end - TICK, RULES) is ACTIVE
    assert (refusal(token, end - TICK), token.own_revocation(end - TICK)) == (None, None)
    assert token.status(OWNER, end, RULES) is REVOKED
    assert refusal(token, end) is RotatedToken
    assert token.own_revocation(end) == Revocation(RevocationReason.ROTATED, end)


def test_without_overlap_it_ends_at_once() -> None:
    """An overlap of zero seconds ends at once."""
    assert refusal(rotated(timedelta(0)), NOW) is RotatedToken


def test_rotation_is_told_from_other_ends() -> None:
    """An explicit revocation, another generation and an inactive owner are not counted as reuse."""
    end = NOW + DAY
    explicit = rotated().revoked(RevocationReason.OWNER, NOW, RULES)

    assert refusal(explicit, end) is RevokedToken
    assert explicit.own_revocation(end) == Revocation(RevocationReason.OWNER, NOW)
    assert refusal(rotated(generation="before"), end) is RevokedToken
    inactive = replace(OWNER, status=UserStatus.INACTIVE)
    with pytest.raises(InactiveOwner):
        require_usable(rotated(), inactive, end, RULES)


def test_overlap_is_never_longer_than_the_token_itself() -> None:
    """A token that expires first does not come back as revoked later."""
    expires = NOW + timedelta(hours=1)

    assert rotated(expires_at=expires).overlap_ends_at == expires


@pytest.mark.parametrize(
    ("expires", "ends"), [(None, NOW + DAY), (NOW + 9 * DAY, NOW + DAY), (NOW + TICK, NOW + TICK)]
)
def test_rotated_token_ends_with_its_overlap(expires: datetime | None, ends: datetime) -> None:
    """The token ends at its overlap or at its expiry, whichever comes first."""
    assert a_token(OWNER, expires_at=expires).ends_at(RULES) == expires
    assert rotated(expires_at=expires).ends_at(RULES) == ends


def test_row_outlives_the_overlap_by_the_retention() -> None:
    """Whatever happens in the overlap, the row is kept for that long and no longer."""
    token, kept = rotated(), RULES.purge_time(NOW + DAY)

    assert token.purge_at == kept
    assert token.touched(NOW + TICK, RULES).purge_at == kept
    assert token.paused(NOW).reactivated(NOW + TICK, RULES).purge_at == kept


def test_rotated_token_may_be_paused_and_come_back_in_its_overlap() -> None:
    """It stands like any other until it ends, then like none."""
    paused = rotated().paused(NOW)

    assert paused.status(OWNER, NOW, RULES) is TokenStatus.INACTIVE
    assert paused.reactivated(NOW, RULES).status(OWNER, NOW, RULES) is ACTIVE
    assert paused.status(OWNER, NOW + DAY, RULES) is REVOKED


def test_family_keeps_its_place_while_one_of_its_tokens_works() -> None:
    """Predecessor and successor share it, and a rotation takes none."""
    made = rotation(a_token(OWNER))

    assert not made.takes_new_place
    assert made.rotated.after.surely_holds_place(NOW)
    assert not made.rotated.after.holds_place(NOW + DAY)
    assert made.successor.surely_holds_place(NOW + DAY)


def test_place_of_a_token_about_to_expire_is_not_passed_on() -> None:
    """Another machine may have given it away already; the successor of a person's rotation lives on."""
    assert rotation(a_token(OWNER, expires_at=NOW + timedelta(minutes=4))).takes_new_place


def test_self_rotation_takes_no_new_place() -> None:
    """The family ends no later than before, so a recount leaves it out no sooner."""
    assert not self_rotation(a_token(OWNER, expires_at=NOW + timedelta(minutes=4))).takes_new_place


def test_rotating_again_ends_the_overlap_before() -> None:
    """At most two tokens of a family work at the same time."""
    first = rotation(a_token(OWNER), 3 * DAY)
    again = rotation(first.successor, DAY, at=NOW + DAY, before=first.rotated.after)

    assert again.cut_short is not None
    cut = again.cut_short.after
    assert (cut.overlap_ends_at, cut.purge_at) == (NOW + DAY, RULES.purge_time(NOW + DAY))
    assert refusal(cut, NOW + DAY) is RotatedToken


@pytest.mark.parametrize("ended", ["overlap", "revoked"])
def test_what_ended_before_is_left_alone(ended: str) -> None:
    """An overlap that is over, or a revoked token, has nothing to cut short."""
    first = rotation(a_token(OWNER), timedelta(0) if ended == "overlap" else 3 * DAY)
    before = first.rotated.after
    if ended == "revoked":
        before = before.revoked(RevocationReason.OWNER, NOW, RULES)

    assert rotation(first.successor, at=NOW + DAY, before=before).cut_short is None


def test_latest_name_is_the_successors() -> None:
    """A rename between signing and writing is not lost."""
    token = a_token(OWNER, name="old")
    successor = successor_of(token, new_token_id(NOW), NOW, RULES)
    made = rotation_of(token.described("new", "text", NOW), None, successor, DAY, RULES)

    assert (made.successor.name, made.successor.description) == ("new", "text")


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (a_token(OWNER, state=TokenState.INACTIVE), TokenNotActive),
        (a_token(OWNER, idle_at=NOW), TokenNotActive),
        (a_token(OWNER, expires_at=NOW), TokenAlreadyExpired),
        (a_token(OWNER, generation="before"), TokenAlreadyRevoked),
        (a_token(OWNER).revoked(RevocationReason.OWNER, START, RULES), TokenAlreadyRevoked),
        (rotated(), TokenAlreadyRotated),
        (rotated(timedelta(0)), TokenAlreadyRotated),
        (rotated().paused(NOW), TokenAlreadyRotated),
        (rotated().revoked(RevocationReason.OWNER, NOW, RULES), TokenAlreadyRevoked),
    ],
)
def test_only_an_active_token_is_rotated_and_only_once(token: Token, error: type[ApiTokensError]) -> None:
    """Whatever else it is, the caller hears what."""
    with pytest.raises(error):
        require_active(token, OWNER, NOW, RULES)


def test_active_token_is_rotatable() -> None:
    """The usual one passes."""
    require_active(a_token(OWNER), OWNER, NOW, RULES)


def test_reuse_adds_up_and_is_due_once_per_interval() -> None:
    """The first is due at once, the next when the interval has passed."""
    token = rotated()
    assert needs_reuse_record(token, NOW, RULES)

    once = reused(token, 3, NOW)
    assert (once.reuse_count, once.last_reused_at, once.purge_at) == (3, NOW, token.purge_at)
    assert not needs_reuse_record(once, NOW + RULES.refresh_interval - TICK, RULES)
    assert needs_reuse_record(once, NOW + RULES.refresh_interval, RULES)
    assert reused(once, 2, NOW + DAY).reuse_count == 5


def test_record_of_an_ended_generation_outlives_every_overlap() -> None:
    """A short idle timeout does not let it go before a row that an overlap keeps."""
    short = replace(RULES, idle_timeout=timedelta(hours=1))

    assert short.generation_purge_time(NOW) == short.purge_time(NOW + MAX_OVERLAP)
    assert RULES.generation_purge_time(NOW) == RULES.purge_time(NOW + RULES.idle_timeout)


@pytest.mark.parametrize("expires", [None, START + 2 * DAY, NOW + TICK])
def test_self_rotation_prolongs_nothing(expires: datetime | None) -> None:
    """However often a token rotates itself, the successor expires when the token would have expired."""
    token = a_token(OWNER, expires_at=expires)
    child = self_rotation(token).successor
    grandchild = self_rotation(child, at=NOW + TICK).successor

    assert (child.expires_at, grandchild.expires_at) == (expires, expires)
    assert {child.lifetime_began_at, grandchild.lifetime_began_at} == {token.created_at}
    assert child.idle_at == NOW + RULES.idle_timeout


def test_self_rotation_goes_on_with_the_line_and_a_persons_begins_one() -> None:
    """The line's row names the token and its successor; a person's rotation writes none."""
    token = a_token(OWNER)
    own = self_rotation(token)
    again = self_rotation(own.successor, at=NOW + DAY)
    persons = rotation(again.successor, at=NOW + 2 * DAY)
    after = self_rotation(persons.successor, at=NOW + 3 * DAY)

    assert own.line
    assert again.line
    assert after.line
    assert (own.line.id, own.line.token_ids) == (token.id, (token.id, own.successor.id))
    assert (again.line.id, again.line.token_ids) == (token.id, (own.successor.id, again.successor.id))
    assert persons.line is None
    assert after.line.id == persons.successor.id
    marked = [t.is_self_rotated for t in (token, own.successor, persons.successor, after.successor)]
    assert marked == [False, True, False, True]


def test_row_of_a_line_outlives_its_rotated_tokens() -> None:
    """As long as an ancestor's row is left, the line's row leads to what still works."""
    made = self_rotation(a_token(OWNER), MAX_OVERLAP)

    assert made.line
    assert made.line.purge_at >= made.rotated.after.purge_at


def test_persons_rotation_begins_the_lifetime_anew() -> None:
    """With the whole lifetime that the line had, not with what was left when the token was made."""
    token = a_token(OWNER, expires_at=START + 10 * DAY)
    child = self_rotation(token, at=START + 9 * DAY).successor
    made = rotation(child, at=NOW + 9 * DAY).successor

    assert made.expires_at == NOW + 19 * DAY
    assert (made.lifetime_began_at, made.lifetime_start) == (None, NOW + 9 * DAY)


def test_successor_of_0_1_belongs_to_its_predecessors_line() -> None:
    """Its row does not tell who rotated. Its lifetime counts from its own creation."""
    old = replace(rotation(a_token(OWNER)).successor, line_id=None)

    assert (old.is_self_rotated, old.id_of_line, old.lifetime_start) == (True, old.id, old.created_at)


def test_overlap_ends_with_a_lowered_lifetime() -> None:
    """A token that expires first is not shown as revoked afterwards."""
    rules = replace(RULES, max_lifetime=2 * DAY)
    token = rotation(a_token(OWNER), 7 * DAY, rules=rules).rotated.after

    assert token.overlap_ends_at == START + 2 * DAY


def test_overlap_of_a_predecessor_ends_early() -> None:
    """At once, and its row is kept for the retention from then on."""
    change = without_overlap(rotated(), OWNER, NOW, RULES)

    assert (change.after.overlap_ends_at, change.after.purge_at) == (NOW, RULES.purge_time(NOW))
    assert change.after.own_revocation(NOW) == Revocation(RevocationReason.ROTATED, NOW)


@pytest.mark.parametrize(
    "token",
    [
        None,
        a_token(OWNER),
        rotated(timedelta(0)),
        rotated(generation="before"),
        rotated(expires_at=NOW),
        rotated().revoked(RevocationReason.OWNER, NOW, RULES),
    ],
)
def test_predecessor_without_an_overlap_is_told(token: Token | None) -> None:
    """Missing, not rotated, over, revoked or expired."""
    with pytest.raises(NoPredecessor):
        without_overlap(token, OWNER, NOW, RULES)


def test_paused_predecessor_ends_too() -> None:
    """It could come back in its overlap."""
    assert without_overlap(rotated().paused(NOW), OWNER, NOW, RULES).after.overlap_is_over(NOW)


INHERITED = frozenset(
    {
        "user_id",
        "generation",
        "name",
        "description",
        "scopes",
        "state",
        "idle_at",
        "purge_at",
        "allowed_networks",
    }
)
"""The fields that a self-rotated successor has from its predecessor. The idle clock starts again."""

DERIVED = frozenset({"expires_at", "lifetime_began_at", "line_id", "family_id", "predecessor_id"})
"""The fields whose values follow from the predecessor. Other tests of this page show how."""

FRESH = frozenset(
    {
        "id",
        "created_at",
        "updated_at",
        "last_used_at",
        "revocation",
        "usage",
        "successor_id",
        "overlap_ends_at",
        "reuse_count",
        "last_reused_at",
        "networks",
        "refused",
        "noticed",
        "version",
    }
)
"""The fields that begin anew, because they are about one token string and its uses."""


class TestFieldsOfASuccessor:
    """Each field of a token is inherited, derived or fresh."""

    def test_each_field_is_decided_on(self) -> None:
        """A field that is added to the token fails here, until it has a place in one of the sets."""
        assert {each.name for each in fields(Token)} == INHERITED | DERIVED | FRESH
        assert len(INHERITED) + len(DERIVED) + len(FRESH) == len(fields(Token))

    @pytest.mark.parametrize("make", [successor_of, own_successor_of])
    @pytest.mark.parametrize("name", sorted(INHERITED | FRESH))
    def test_field_is_as_decided(
        self, make: Callable[[Token, str, datetime, TokenRules], Token], name: str
    ) -> None:
        """Both kinds of rotation keep the inherited fields, and nothing of the fresh ones."""
        token = full_token()
        value = getattr(make(token, new_token_id(NOW), NOW, RULES), name)
        if name in INHERITED:
            assert value == getattr(token, name)
        else:
            assert value != getattr(token, name)

    def test_fields_of_the_full_token_are_not_defaults(self) -> None:
        """Otherwise a fresh field could not be told from an inherited one."""
        full, usual = full_token(), a_token(OWNER)
        optional = [e.name for e in fields(Token) if (e.default, e.default_factory) != (MISSING, MISSING)]
        assert [name for name in optional if getattr(full, name) == getattr(usual, name)] == []


def full_token() -> Token:
    """Return a token without a default value in any field. It can exist in no table."""
    alive = a_token(OWNER).alive_since(NOW, RULES)
    return replace(
        alive,
        name="name",
        description="text",
        last_used_at=START,
        expires_at=NOW + 365 * DAY,
        revocation=Revocation(RevocationReason.OWNER, START),
        usage={START.date(): 1},
        predecessor_id="tok_before",
        successor_id="tok_after",
        family_id="tok_first",
        line_id="tok_line",
        lifetime_began_at=START,
        overlap_ends_at=NOW + DAY,
        reuse_count=1,
        last_reused_at=START,
        allowed_networks=allowed_networks(["192.0.2.0/24"]),
        networks=SeenNetworks().seen("192.0.2.0/24", START),
        noticed=(Notice(NoticeKind.IDLING, 7, NOW.date()),),
        refused=RefusedUses(1, START, RefusedReason.IDLE, None),
        version=7,
    )
