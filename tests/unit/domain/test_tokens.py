"""API tokens: their status, and the changes that they allow."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from chalicelib.domain.errors import (
    ExpiredToken,
    IdleToken,
    InactiveOwner,
    InactiveToken,
    InvalidToken,
    LifetimeTooLong,
    RevokedToken,
    TokenAlreadyExpired,
    TokenAlreadyRevoked,
)
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.token_checks import require_changeable, require_unexpired, require_usable
from chalicelib.domain.token_creation import IssuedToken, new_token
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.domain.users import User, UserStatus
from tests.support.builders import RULES, a_request, a_token, a_user
from tests.support.clock import START

TICK = timedelta(milliseconds=1)
LATER = START + timedelta(days=3)
PAST, AHEAD = START - timedelta(days=1), START + timedelta(days=1)

ACTIVE, INACTIVE, REVOKED = TokenStatus.ACTIVE, TokenStatus.INACTIVE, TokenStatus.REVOKED
IDLE, EXPIRED = TokenStatus.IDLE, TokenStatus.EXPIRED


def owner_in(status: UserStatus = UserStatus.ACTIVE) -> User:
    """Return an owner in the generation ``now``."""
    return a_user(generation="now", status=status)


def test_only_the_states_of_a_row_are_stored() -> None:
    """A token cannot be stored as idle or expired, because its state has another type than its status."""
    states, statuses = ({each.value for each in kind} for kind in (TokenState, TokenStatus))

    assert statuses - states == {"idle", "expired"}
    assert states - statuses == set()


@pytest.mark.parametrize(
    ("state", "generation", "owner_status", "expires_at", "idle_at", "expected"),
    [
        (TokenState.ACTIVE, "now", UserStatus.ACTIVE, None, AHEAD, ACTIVE),
        (TokenState.ACTIVE, "now", UserStatus.ACTIVE, AHEAD, AHEAD, ACTIVE),
        (TokenState.ACTIVE, "now", UserStatus.ACTIVE, None, PAST, IDLE),
        (TokenState.ACTIVE, "now", UserStatus.ACTIVE, PAST, AHEAD, EXPIRED),
        (TokenState.ACTIVE, "now", UserStatus.ACTIVE, PAST, PAST, EXPIRED),
        (TokenState.ACTIVE, "now", UserStatus.INACTIVE, None, AHEAD, INACTIVE),
        (TokenState.ACTIVE, "now", UserStatus.INACTIVE, None, PAST, INACTIVE),
        (TokenState.ACTIVE, "now", UserStatus.INACTIVE, PAST, AHEAD, EXPIRED),
        (TokenState.ACTIVE, "now", UserStatus.REMOVED, None, AHEAD, REVOKED),
        (TokenState.ACTIVE, "now", UserStatus.REMOVED, PAST, AHEAD, REVOKED),
        (TokenState.ACTIVE, "before", UserStatus.ACTIVE, None, AHEAD, REVOKED),
        (TokenState.ACTIVE, "before", UserStatus.ACTIVE, PAST, PAST, REVOKED),
        (TokenState.ACTIVE, "before", UserStatus.INACTIVE, None, AHEAD, REVOKED),
        (TokenState.INACTIVE, "now", UserStatus.ACTIVE, None, AHEAD, INACTIVE),
        (TokenState.INACTIVE, "now", UserStatus.ACTIVE, None, PAST, INACTIVE),
        (TokenState.INACTIVE, "now", UserStatus.ACTIVE, PAST, AHEAD, EXPIRED),
        (TokenState.INACTIVE, "before", UserStatus.ACTIVE, None, AHEAD, REVOKED),
        (TokenState.REVOKED, "now", UserStatus.ACTIVE, None, AHEAD, REVOKED),
        (TokenState.REVOKED, "now", UserStatus.ACTIVE, PAST, PAST, REVOKED),
        (TokenState.REVOKED, "now", UserStatus.INACTIVE, None, AHEAD, REVOKED),
    ],
)
def test_status_is_decided_in_the_order_revoked_expired_inactive_idle_active(
    state: TokenState,
    generation: str,
    owner_status: UserStatus,
    expires_at: datetime | None,
    idle_at: datetime,
    expected: TokenStatus,
) -> None:
    """The first condition that holds names the status."""
    owner = owner_in(owner_status)
    token = a_token(owner, state=state, generation=generation, expires_at=expires_at, idle_at=idle_at)

    assert token.status(owner, START, RULES) is expected


def test_exactly_one_combination_of_conditions_lets_a_token_pass() -> None:
    """A token is usable if and only if nothing at all speaks against it."""
    allowed = []
    for state, generation, owner_status, expires_at, idle_at in product(
        TokenState, ("now", "before"), UserStatus, (AHEAD, PAST), (AHEAD, PAST)
    ):
        owner = owner_in(owner_status)
        token = a_token(owner, state=state, generation=generation, expires_at=expires_at, idle_at=idle_at)
        try:
            require_usable(token, owner, START, RULES)
        except InvalidToken:
            continue
        allowed.append((state, generation, owner_status, expires_at, idle_at))

    assert allowed == [(TokenState.ACTIVE, "now", UserStatus.ACTIVE, AHEAD, AHEAD)]


@pytest.mark.parametrize(("offset", "expected"), [(-TICK, ACTIVE), (timedelta(0), IDLE), (TICK, IDLE)])
def test_token_is_idle_from_the_very_moment_of_its_deadline(
    offset: timedelta, expected: TokenStatus
) -> None:
    """The idle deadline itself is already too late."""
    owner = a_user()
    token = a_token(owner)

    assert token.status(owner, START + timedelta(days=30) + offset, RULES) is expected


@pytest.mark.parametrize(
    ("offset", "expected"), [(-TICK, ACTIVE), (timedelta(0), EXPIRED), (TICK, EXPIRED)]
)
def test_token_is_expired_from_the_very_moment_of_its_expiry(
    offset: timedelta, expected: TokenStatus
) -> None:
    """The expiry itself is already too late (RFC 7519 section 4.1.4: on or after)."""
    owner = a_user()
    token = a_token(owner, expires_at=AHEAD)

    assert token.status(owner, AHEAD + offset, RULES) is expected


@pytest.mark.parametrize(
    ("owner_status", "changes", "refusal"),
    [
        (UserStatus.ACTIVE, {"state": TokenState.INACTIVE}, InactiveToken),
        (UserStatus.ACTIVE, {"state": TokenState.REVOKED}, RevokedToken),
        (UserStatus.ACTIVE, {"generation": "before"}, RevokedToken),
        (UserStatus.ACTIVE, {"expires_at": PAST}, ExpiredToken),
        (UserStatus.ACTIVE, {"idle_at": PAST}, IdleToken),
        (UserStatus.INACTIVE, {}, InactiveOwner),
        (UserStatus.REMOVED, {}, InactiveOwner),
        (UserStatus.INACTIVE, {"state": TokenState.REVOKED}, InactiveOwner),
    ],
)
def test_refusal_names_its_reason(
    owner_status: UserStatus, changes: dict[str, Any], refusal: type[InvalidToken]
) -> None:
    """Logs learn why a token was refused; the owner's state comes first."""
    owner = owner_in(owner_status)

    with pytest.raises(refusal):
        require_usable(a_token(owner, **changes), owner, START, RULES)


def test_use_moves_last_used_idle_and_purge_times() -> None:
    """A touch sets three times and nothing else."""
    token = a_token(a_user())

    touched = token.touched(LATER, RULES)

    assert touched == replace(
        token,
        last_used_at=LATER,
        idle_at=LATER + timedelta(days=30),
        purge_at=LATER + timedelta(days=120),
    )


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (None, True),
        (timedelta(0), False),
        (timedelta(minutes=5) - TICK, False),
        (timedelta(minutes=5), True),
        (timedelta(minutes=5) + TICK, True),
        (-timedelta(days=1), False),
    ],
)
def test_use_is_worth_a_write_once_per_refresh_interval(since: timedelta | None, expected: bool) -> None:
    """The first use is recorded, then one per interval, and never backwards."""
    last_used_at = None if since is None else START - since
    token = a_token(a_user(), last_used_at=last_used_at)

    assert token.needs_touch(START, RULES) is expected


def test_description_changes_name_description_and_updated_at() -> None:
    """A rename touches neither state nor deadlines."""
    token = a_token(a_user())

    changed = token.described("nightly", "runs at night", LATER)

    assert changed == replace(token, name="nightly", description="runs at night", updated_at=LATER)


@pytest.mark.parametrize("differing", ["name", "description"])
def test_either_half_of_a_description_is_a_change(differing: str) -> None:
    """Name and description each count as a change on their own."""
    token = a_token(a_user(), name="same", description="same")
    names = {"name": "same", "description": "same"} | {differing: "other"}

    changed = token.described(names["name"], names["description"], LATER)

    assert (getattr(changed, differing), changed.updated_at) == ("other", LATER)


def test_same_description_is_no_change() -> None:
    """Nothing is written, not even ``updated_at``, for a rename to the same name."""
    token = a_token(a_user())

    assert token.described(token.name, token.description, LATER) is token


def test_pause_stops_the_token_and_keeps_its_deadlines() -> None:
    """A paused token waits; its idle clock is neither stopped nor restarted."""
    token = a_token(a_user())

    assert token.paused(LATER) == replace(token, state=TokenState.INACTIVE, updated_at=LATER)


def test_pausing_a_paused_token_is_no_change() -> None:
    """A second pause changes nothing."""
    token = a_token(a_user(), state=TokenState.INACTIVE)

    assert token.paused(LATER) is token


def test_reactivation_of_a_paused_token_restarts_its_idle_clock() -> None:
    """Coming back counts like a use, without claiming that there was one."""
    token = a_token(a_user(), state=TokenState.INACTIVE)

    assert token.reactivated(LATER, RULES) == replace(
        token,
        state=TokenState.ACTIVE,
        updated_at=LATER,
        idle_at=LATER + timedelta(days=30),
        purge_at=LATER + timedelta(days=120),
    )


@pytest.mark.parametrize(("offset", "restarted"), [(-TICK, False), (timedelta(0), True)])
def test_reactivation_restarts_the_clock_of_an_idle_token_only(offset: timedelta, restarted: bool) -> None:
    """An active token stays untouched up to the moment at which it becomes idle."""
    token = a_token(a_user())
    now = token.idle_at + offset

    back = token.reactivated(now, RULES)

    assert (back is token) is not restarted
    assert back.idle_at == (now + timedelta(days=30) if restarted else token.idle_at)


def test_revocation_records_reason_and_time_and_sets_the_purge_time() -> None:
    """A revoked row stays for the retention period, counted from its revocation."""
    token = a_token(a_user())

    assert token.revoked(RevocationReason.EXPOSED, LATER, RULES) == replace(
        token,
        state=TokenState.REVOKED,
        revocation=Revocation(RevocationReason.EXPOSED, LATER),
        updated_at=LATER,
        purge_at=LATER + timedelta(days=90),
    )


@pytest.mark.parametrize(
    ("expires_in", "kept_for"),
    [
        (None, timedelta(days=120)),
        (timedelta(days=7), timedelta(days=97)),
        (timedelta(days=30), timedelta(days=120)),
        (timedelta(days=365), timedelta(days=120)),
    ],
)
def test_row_is_kept_for_the_retention_after_the_earlier_deadline(
    expires_in: timedelta | None, kept_for: timedelta
) -> None:
    """The row goes at min(idle, expiry) + retention."""
    token = a_token(a_user(), expires_at=START + expires_in if expires_in else None)

    assert token.alive_since(START, RULES).purge_at == START + kept_for


@pytest.mark.parametrize(
    ("microseconds", "seconds"), [(0, 0), (1_000, 1), (500_000, 1), (999_000, 1), (999_999, 1), (1, 1)]
)
def test_purge_time_is_in_whole_seconds_rounded_up(microseconds: int, seconds: int) -> None:
    """DynamoDB's TTL counts seconds, and a row is never deleted before its time."""
    end = START + timedelta(microseconds=microseconds)

    assert RULES.purge_time(end) == START + timedelta(days=90, seconds=seconds)


def test_record_of_an_ended_generation_outlives_every_row_of_it() -> None:
    """A token used in the generation's last moment is purged no later than the record."""
    token = a_token(a_user()).touched(LATER, RULES)

    assert RULES.generation_purge_time(LATER) == token.purge_at


@pytest.mark.parametrize(
    ("expires_in", "expected"),
    [
        (None, True),
        (timedelta(minutes=5) + TICK, True),
        (timedelta(minutes=5), False),
        (timedelta(0), False),
        (-timedelta(days=1), False),
    ],
)
def test_token_surely_holds_its_place_only_if_no_clock_may_have_left_it_out(
    expires_in: timedelta | None, expected: bool
) -> None:
    """Five minutes before its expiry a faster clock may have recounted without it."""
    token = a_token(a_user(), expires_at=START + expires_in if expires_in is not None else None)

    assert token.surely_holds_place(START) is expected


@pytest.mark.parametrize(
    ("generation", "state", "final"),
    [
        ("now", TokenState.ACTIVE, False),
        ("now", TokenState.INACTIVE, False),
        ("now", TokenState.REVOKED, True),
        ("before", TokenState.ACTIVE, True),
    ],
)
def test_revoked_token_cannot_be_changed(generation: str, state: TokenState, final: bool) -> None:
    """Revocation is final, by itself or with its generation; all others may change."""
    owner = owner_in()
    token = a_token(owner, generation=generation, state=state, idle_at=PAST, expires_at=PAST)

    if final:
        with pytest.raises(TokenAlreadyRevoked):
            require_changeable(token, owner, START, RULES)
    else:
        require_changeable(token, owner, START, RULES)


def test_expired_token_has_no_status_to_change() -> None:
    """Expiry is final from its very moment on."""
    token = a_token(a_user(), expires_at=START)

    require_unexpired(token, START - TICK, RULES)
    with pytest.raises(TokenAlreadyExpired):
        require_unexpired(token, START, RULES)


def test_new_token_is_its_request_in_its_owners_generation() -> None:
    """Everything about a new token follows from owner, request, time and policy."""
    owner = a_user()
    scopes = frozenset({"api:read"})
    request = a_request(name="ci", description="builds", scopes=scopes, lifetime=timedelta(days=7))

    assert new_token("tok_1", owner, request, START, RULES) == Token(
        id="tok_1",
        user_id=owner.id,
        generation=owner.generation,
        name="ci",
        description="builds",
        scopes=scopes,
        state=TokenState.ACTIVE,
        created_at=START,
        updated_at=START,
        idle_at=START + timedelta(days=30),
        purge_at=START + timedelta(days=97),
        last_used_at=None,
        expires_at=START + timedelta(days=7),
        revocation=None,
        version=1,
    )


def test_expiry_is_in_whole_seconds_as_the_claim_is() -> None:
    """Row and ``exp`` claim agree to the second, and the token never lives longer than asked."""
    now = datetime(2026, 1, 15, 12, 0, 0, 999_000, tzinfo=UTC)

    token = new_token("tok_1", a_user(), a_request(lifetime=timedelta(days=1)), now, RULES)

    assert token.expires_at == datetime(2026, 1, 16, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("longest_days", "asked_days", "granted_days"),
    [(None, None, None), (None, 3650, 3650), (30, None, 30), (30, 30, 30), (30, 1, 1)],
)
def test_lifetime_is_what_was_asked_within_the_policy(
    longest_days: int | None, asked_days: int | None, granted_days: int | None
) -> None:
    """A request without a lifetime gets the longest one allowed."""
    policy = replace(RULES, max_lifetime=_days(longest_days))
    request = a_request(lifetime=_days(asked_days))

    token = new_token("tok_1", a_user(), request, START, policy)

    granted = _days(granted_days)
    assert token.expires_at == (START + granted if granted else None)


def test_longer_lifetime_than_allowed_is_refused_with_the_limit() -> None:
    """The refusal says what would be allowed."""
    policy = replace(RULES, max_lifetime=timedelta(days=30))

    with pytest.raises(LifetimeTooLong, match="30 days"):
        new_token("tok_1", a_user(), a_request(lifetime=timedelta(days=31)), START, policy)


def test_token_string_stays_out_of_every_repr() -> None:
    """A new token in a traceback or a log line does not show its string."""
    issued = IssuedToken(a_token(a_user()), "the-secret")

    assert issued.secret == "the-secret"
    assert "the-secret" not in repr(issued)


def _days(days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


@pytest.mark.parametrize(
    ("began", "expires", "longest", "expected"),
    [
        (None, None, None, None),
        (None, None, 7, START + timedelta(days=7)),
        (None, START + timedelta(days=3), 7, START + timedelta(days=3)),
        (None, START + timedelta(days=30), 7, START + timedelta(days=7)),
        (START - timedelta(days=5), None, 7, START + timedelta(days=2)),
        (START - timedelta(days=5), START + timedelta(days=1), 7, START + timedelta(days=1)),
        (START - timedelta(days=5), START + timedelta(days=9), None, START + timedelta(days=9)),
    ],
)
def test_longest_lifetime_counts_at_use(
    began: datetime | None, expires: datetime | None, longest: int | None, expected: datetime | None
) -> None:
    """From where the lifetime began, to the millisecond; whatever was allowed when the token was made."""
    owner = a_user()
    policy = replace(RULES, max_lifetime=_days(longest))
    token = a_token(owner, lifetime_began_at=began, expires_at=expires)

    assert (token.expiry(policy), token.ends_at(policy)) == (expected, expected)
    if expected:
        assert token.status(owner, expected - TICK, policy) is ACTIVE
        assert token.status(owner, expected, policy) is TokenStatus.EXPIRED
        assert token.refused_since(owner, expected, policy, None) == expected
        with pytest.raises(ExpiredToken):
            require_usable(token, owner, expected, policy)


def test_raised_lifetime_revives_what_only_the_limit_ended() -> None:
    """A token that was revoked meanwhile stays revoked, and the place was kept for the other."""
    owner, later = a_user(), START + timedelta(days=10)
    token = a_token(owner)
    lowered, raised = (replace(RULES, max_lifetime=_days(days)) for days in (7, 30))

    assert token.status(owner, later, lowered) is TokenStatus.EXPIRED
    assert token.holds_place(later)
    assert token.status(owner, later, raised) is ACTIVE
    revoked = token.revoked(RevocationReason.OWNER, later, lowered)
    assert revoked.status(owner, later, raised) is REVOKED
    assert not revoked.holds_place(later)
