"""Looking at, changing and revoking one's own tokens."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import (
    ApiTokensError,
    ConcurrentChange,
    PreconditionFailed,
    ReactivationLimitReached,
    StoreUnavailable,
    TokenAlreadyExpired,
    TokenAlreadyRevoked,
    TokenAlreadyRotated,
    TokenNotActive,
    TokenNotFound,
    TooManyChanges,
)
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.networks import Network
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.services.daily_limits import CountChange
from chalicelib.services.listing import ListTokens
from chalicelib.services.manage import ManageTokens, TokenPatch
from chalicelib.services.revocation import RevokeToken
from tests.support.actors import JOURNAL, PERSON, an_event
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START, FixedClock
from tests.unit.services.stores import BusyStore

Call = Callable[[], object]

DAY = timedelta(days=1)
MOST = 20
ACTIVE, INACTIVE, REVOKED = TokenStatus.ACTIVE, TokenStatus.INACTIVE, TokenStatus.REVOKED
IDLE, EXPIRED = TokenStatus.IDLE, TokenStatus.EXPIRED

PAUSE, RESUME = TokenPatch(status=TokenState.INACTIVE), TokenPatch(status=TokenState.ACTIVE)
RENAME = TokenPatch(name="nightly")

# How a token comes to stand as the contract's table says, one day after START.
STANDINGS: dict[TokenStatus, dict[str, Any]] = {
    ACTIVE: {},
    INACTIVE: {"state": TokenState.INACTIVE},
    IDLE: {"idle_at": START + DAY},
    EXPIRED: {"expires_at": START + DAY},
    REVOKED: {"state": TokenState.REVOKED, "revocation": Revocation(RevocationReason.OWNER, START)},
}


class Desk:
    """One owner's tokens over the store in memory, one day after they were made."""

    def __init__(self) -> None:
        self.store = BusyStore()
        self.clock = FixedClock(START + DAY)
        self.now = self.clock.now()
        self.owner = a_user(generation="now", live_tokens=1)
        self.store.put(self.owner)
        listing = ListTokens(self.store, self.clock, RULES)
        counted = CountChange(self.store, self.clock, MOST, 1000)
        self.tokens = ManageTokens(self.store, listing, counted, self.clock, RULES, JOURNAL)
        self.revoke = RevokeToken(self.store, self.store, self.store, self.clock, RULES, JOURNAL)

    def has(self, **changes: Any) -> Token:
        """Return a token that the owner has."""
        token = a_token(self.owner, **changes)
        self.store.put(token)
        return token

    @property
    def count(self) -> int:
        """The count of live tokens in the owner's row."""
        return self.store.read_user(self.owner).live_tokens


@pytest.fixture
def desk() -> Desk:
    """Return a desk with an owner."""
    return Desk()


@pytest.mark.parametrize(("status", "changes"), STANDINGS.items(), ids=lambda v: getattr(v, "value", ""))
def test_token_is_shown_as_it_stands_now(desk: Desk, status: TokenStatus, changes: dict[str, Any]) -> None:
    """Looking derives the status and writes nothing."""
    token = desk.has(**changes)

    view = desk.tokens.get(desk.owner, token.id)

    assert (view.token, view.status, view.revocation) == (token, status, token.revocation)
    assert desk.store.read_token(token) == token


@pytest.mark.parametrize(
    "token_id",
    ["", "tok_", "tok_1", "../keys", "T#x", "tok_" + "0" * 37, "TOK_" + "0" * 36, "tok_" + "i" * 36],
)
def test_anything_but_an_id_is_not_found(desk: Desk, token_id: str) -> None:
    """A text of another form is answered like an unknown id, unasked."""
    for ask in _every_call(desk, token_id):
        with pytest.raises(TokenNotFound):
            ask()
    assert desk.store.calls["find_token"] == 0


def test_unknown_token_is_not_found(desk: Desk) -> None:
    """An id without a token names nothing."""
    for ask in _every_call(desk, new_token_id(START)):
        with pytest.raises(TokenNotFound):
            ask()


def test_token_of_another_user_is_not_found(desk: Desk) -> None:
    """Another user's id gets the same error as an unknown one, and the token stays as it is."""
    other = a_user("other@example.com")
    token = a_token(other)
    desk.store.put(other, token)

    for ask in _every_call(desk, token.id):
        with pytest.raises(TokenNotFound):
            ask()
    assert desk.store.read_token(token) == token


@pytest.mark.parametrize("status", [ACTIVE, INACTIVE, IDLE, EXPIRED])
def test_unrevoked_token_can_be_renamed_and_keeps_its_status(desk: Desk, status: TokenStatus) -> None:
    """A name is not a status: every token that is not revoked may get another name."""
    token = desk.has(**STANDINGS[status])

    view = desk.tokens.patch(desk.owner, token.id, TokenPatch(name="nightly", description="new"), PERSON)

    assert view.status is status
    assert desk.store.read_token(token) == replace(
        token, name="nightly", description="new", updated_at=desk.now, version=2
    )
    assert view.token == desk.store.read_token(token)


@pytest.mark.parametrize(
    ("patch", "name", "description"),
    [
        (TokenPatch(name="n"), "n", "old description"),
        (TokenPatch(description="d"), "old name", "d"),
        (TokenPatch(name=""), "", "old description"),
        (TokenPatch(description=""), "old name", ""),
    ],
)
def test_member_that_is_absent_stays(desk: Desk, patch: TokenPatch, name: str, description: str) -> None:
    """Absent is not empty."""
    token = desk.has(name="old name", description="old description")

    changed = desk.tokens.patch(desk.owner, token.id, patch, PERSON).token

    assert (changed.name, changed.description) == (name, description)


@pytest.mark.parametrize("status", [ACTIVE, IDLE])
def test_token_is_paused(desk: Desk, status: TokenStatus) -> None:
    """Pausing stops active and idle tokens, and leaves their deadlines alone."""
    token = desk.has(**STANDINGS[status])

    assert desk.tokens.patch(desk.owner, token.id, PAUSE, PERSON).status is INACTIVE
    assert desk.store.read_token(token) == replace(
        token, state=TokenState.INACTIVE, updated_at=desk.now, version=2
    )


@pytest.mark.parametrize("status", [INACTIVE, IDLE])
def test_token_is_reactivated(desk: Desk, status: TokenStatus) -> None:
    """The way back from paused and idle restarts the idle clock."""
    token = desk.has(**STANDINGS[status])

    assert desk.tokens.patch(desk.owner, token.id, RESUME, PERSON).status is ACTIVE
    assert desk.store.read_token(token) == replace(
        token,
        state=TokenState.ACTIVE,
        updated_at=desk.now,
        idle_at=desk.now + 30 * DAY,
        purge_at=desk.now + 120 * DAY,
        version=2,
    )


@pytest.mark.parametrize("patch", [PAUSE, RESUME, TokenPatch(name="nightly", status=TokenState.ACTIVE)])
def test_expired_token_has_no_way_back(desk: Desk, patch: TokenPatch) -> None:
    """Expiry is final for the status, and a patch that asks for one changes nothing at all."""
    token = desk.has(**STANDINGS[EXPIRED])

    with pytest.raises(TokenAlreadyExpired):
        desk.tokens.patch(desk.owner, token.id, patch, PERSON)
    assert desk.store.read_token(token) == token


@pytest.mark.parametrize("patch", [PAUSE, RESUME, RENAME, TokenPatch()])
@pytest.mark.parametrize("changes", [STANDINGS[REVOKED], {"generation": "before"}])
def test_revoked_token_has_no_way_back(desk: Desk, changes: dict[str, Any], patch: TokenPatch) -> None:
    """Revocation is final for everything, alone or with the generation."""
    token = desk.has(**changes)

    with pytest.raises(TokenAlreadyRevoked):
        desk.tokens.patch(desk.owner, token.id, patch, PERSON)
    assert desk.store.read_token(token) == token


@pytest.mark.parametrize(
    ("status", "patch"),
    [
        (ACTIVE, RESUME),
        (INACTIVE, PAUSE),
        (ACTIVE, TokenPatch()),
        (ACTIVE, TokenPatch(name="ci", description="", status=TokenState.ACTIVE)),
        (EXPIRED, TokenPatch(name="ci")),
    ],
)
def test_patch_to_what_is_already_so_writes_nothing(
    desk: Desk, status: TokenStatus, patch: TokenPatch
) -> None:
    """No new version, no new ``updated_at``, no restarted clock, no write."""
    token = desk.has(name="ci", **STANDINGS[status])

    view = desk.tokens.patch(desk.owner, token.id, patch, PERSON)

    assert (view.token, view.status) == (token, status)
    assert desk.store.calls["save_token"] == 0


def test_name_and_status_change_together(desk: Desk) -> None:
    """One patch is one write."""
    token = desk.has()

    view = desk.tokens.patch(
        desk.owner, token.id, TokenPatch(name="nightly", status=TokenState.INACTIVE), PERSON
    )

    assert (view.token.name, view.status, view.token.version) == ("nightly", INACTIVE, 2)
    assert desk.store.calls["save_token"] == 1


def test_two_patches_at_once_lose_neither(desk: Desk) -> None:
    """A change that meets another one is made on top of it."""
    token = desk.has()
    desk.store.let("save_token", lambda: desk.tokens.patch(desk.owner, token.id, RENAME, PERSON))

    view = desk.tokens.patch(desk.owner, token.id, PAUSE, PERSON)

    assert (view.token.name, view.status, view.token.version) == ("nightly", INACTIVE, 3)


def test_patch_never_undoes_a_revocation_that_overtakes_it(desk: Desk) -> None:
    """A re-activation that was under way when the token was revoked is refused."""
    token = desk.has(state=TokenState.INACTIVE)
    desk.store.let("save_token", lambda: desk.revoke(desk.owner, token.id, RevocationReason.OWNER, PERSON))

    with pytest.raises(TokenAlreadyRevoked):
        desk.tokens.patch(desk.owner, token.id, RESUME, PERSON)

    assert desk.store.read_token(token).state is TokenState.REVOKED


def test_patch_keeps_a_use_that_overtakes_it(desk: Desk) -> None:
    """A use recorded while a token is renamed is not lost."""
    token = desk.has()
    desk.store.let("save_token", lambda: desk.store.touch(token, token.touched(desk.now, RULES)))

    desk.tokens.patch(desk.owner, token.id, RENAME, PERSON)

    row = desk.store.read_token(token)
    assert (row.name, row.last_used_at) == ("nightly", desk.now)
    assert row.idle_at == desk.now + 30 * DAY


def test_patch_of_a_token_deleted_meanwhile_is_not_found(desk: Desk) -> None:
    """A row that is gone is not written back."""
    token = desk.has()
    desk.store.let("save_token", lambda: desk.store.purge(token))

    with pytest.raises(TokenNotFound):
        desk.tokens.patch(desk.owner, token.id, RENAME, PERSON)
    assert desk.store.rows() == []


def test_patch_that_keeps_meeting_others_gives_up(desk: Desk) -> None:
    """After five attempts the caller is told, and nothing was half-written."""
    token = desk.has()

    def interfere() -> None:
        row = desk.store.read_token(token)
        desk.store.put(replace(row, description=f"{row.version}", version=row.version + 1))

    desk.store.let("save_token", *[interfere] * 5)

    with pytest.raises(ConcurrentChange):
        desk.tokens.patch(desk.owner, token.id, RENAME, PERSON)
    assert desk.store.read_token(token).name == token.name
    assert desk.tokens.patch(desk.owner, token.id, RENAME, PERSON).token.name == "nightly"


def test_patch_that_meets_four_others_goes_through(desk: Desk) -> None:
    """The fifth attempt still counts."""
    token = desk.has()

    def interfere() -> None:
        row = desk.store.read_token(token)
        desk.store.put(replace(row, version=row.version + 1))

    desk.store.let("save_token", *[interfere] * 4)

    assert desk.tokens.patch(desk.owner, token.id, RENAME, PERSON).token.name == "nightly"


def test_version_asked_for_must_be_the_present_one(desk: Desk) -> None:
    """``If-Match`` with the present version goes through, with any other nothing changes."""
    token = desk.has(version=7)

    for version in (6, 8, 0):
        with pytest.raises(PreconditionFailed):
            desk.tokens.patch(desk.owner, token.id, RENAME, PERSON, if_match={version})
    assert desk.store.read_token(token) == token

    for versions in ((), {6, 8}):
        with pytest.raises(PreconditionFailed):
            desk.tokens.patch(desk.owner, token.id, RENAME, PERSON, if_match=versions)
    view = desk.tokens.patch(desk.owner, token.id, RENAME, PERSON, if_match={6, 7})
    assert (view.token.name, view.token.version) == ("nightly", 8)


def test_version_asked_for_is_checked_even_if_nothing_would_change(desk: Desk) -> None:
    """A condition that does not hold is named, whatever was asked for."""
    token = desk.has()

    with pytest.raises(PreconditionFailed):
        desk.tokens.patch(desk.owner, token.id, TokenPatch(), PERSON, if_match={2})


def test_change_that_overtakes_a_conditional_patch_fails_it(desk: Desk) -> None:
    """With ``If-Match`` a patch is not made again on top of something unseen."""
    token = desk.has()
    desk.store.let("save_token", lambda: desk.tokens.patch(desk.owner, token.id, RENAME, PERSON))

    with pytest.raises(PreconditionFailed):
        desk.tokens.patch(desk.owner, token.id, PAUSE, PERSON, if_match={1})
    assert desk.store.read_token(token).state is TokenState.ACTIVE


@pytest.mark.parametrize("status", [ACTIVE, INACTIVE, IDLE])
def test_revocation_ends_a_token_and_frees_its_place(desk: Desk, status: TokenStatus) -> None:
    """Whatever could come back is ended for good, with reason and retention."""
    token = desk.has(**STANDINGS[status])

    desk.revoke(desk.owner, token.id, RevocationReason.EXPOSED, PERSON)

    assert desk.store.read_token(token) == replace(
        token,
        state=TokenState.REVOKED,
        revocation=Revocation(RevocationReason.EXPOSED, desk.now),
        updated_at=desk.now,
        purge_at=desk.now + 90 * DAY,
        version=2,
    )
    assert desk.count == 0


@pytest.mark.parametrize(
    ("expires_in", "count"),
    [
        (timedelta(0), 1),
        (timedelta(minutes=5), 1),
        (timedelta(minutes=5, milliseconds=1), 0),
    ],
)
def test_expired_token_frees_no_place_that_a_recount_may_have_freed(
    desk: Desk, expires_in: timedelta, count: int
) -> None:
    """The count may stay too high until the next recount; it never falls below the truth."""
    token = desk.has(expires_at=desk.now + expires_in)

    desk.revoke(desk.owner, token.id, RevocationReason.OWNER, PERSON)

    assert desk.tokens.get(desk.owner, token.id).status is REVOKED
    assert desk.count == count


def test_revoking_twice_changes_nothing(desk: Desk) -> None:
    """The second revocation keeps reason, time and count of the first."""
    token = desk.has()
    desk.revoke(desk.owner, token.id, RevocationReason.OWNER, PERSON)
    revoked = desk.store.read_token(token)
    desk.clock.advance(DAY)

    desk.revoke(desk.owner, token.id, RevocationReason.ADMIN, PERSON)

    assert desk.store.read_token(token) == revoked
    assert desk.count == 0


def test_token_of_an_ended_generation_is_revoked_already(desk: Desk) -> None:
    """Revoking it succeeds, writes nothing and frees no place of the present generation."""
    token = desk.has(generation="before")

    desk.revoke(desk.owner, token.id, RevocationReason.OWNER, PERSON)

    assert desk.store.read_token(token) == token
    assert desk.count == 1


def test_token_of_an_ended_generation_shows_why_it_ended(desk: Desk) -> None:
    """The record of the generation explains its tokens."""
    token = desk.has(generation="before")
    why = Revocation(RevocationReason.USER_DEACTIVATED, START)
    ended = EndedGeneration("before", why, START + 120 * DAY)
    desk.store.save_user(desk.owner, replace(desk.owner, name="x"), an_event(), ended)

    view = desk.tokens.get(desk.owner, token.id)

    assert (view.status, view.revocation) == (REVOKED, why)


def test_revocation_goes_through_while_others_change_the_token(desk: Desk) -> None:
    """Renaming does not hold a revocation up; both are kept."""
    token = desk.has()
    desk.store.let("end_line", lambda: desk.tokens.patch(desk.owner, token.id, RENAME, PERSON))

    desk.revoke(desk.owner, token.id, RevocationReason.OWNER, PERSON)

    row = desk.store.read_token(token)
    assert (row.state, row.name) == (TokenState.REVOKED, "nightly")
    assert desk.store.calls["end_line"] == 1


def test_two_revocations_at_once_free_one_place(desk: Desk) -> None:
    """The count goes down once, and both callers hear that the token is revoked."""
    desk.store.put(replace(desk.owner, live_tokens=2))
    token = desk.has()
    desk.store.let("end_line", lambda: desk.revoke(desk.owner, token.id, RevocationReason.ADMIN, PERSON))

    desk.revoke(desk.owner, token.id, RevocationReason.OWNER, PERSON)

    revocation = desk.store.read_token(token).revocation
    assert revocation is not None
    assert revocation.reason is RevocationReason.ADMIN
    assert desk.count == 1


def test_store_that_does_not_answer_is_an_error(desk: Desk) -> None:
    """A revocation that was not written is never acknowledged."""
    token = desk.has()
    desk.store.broken = {"end_line", "save_token"}

    with pytest.raises(StoreUnavailable):
        desk.revoke(desk.owner, token.id, RevocationReason.OWNER, PERSON)
    with pytest.raises(StoreUnavailable):
        desk.tokens.patch(desk.owner, token.id, RENAME, PERSON)


def test_revocation_overtaken_by_the_end_of_the_generation_is_not_lost(desk: Desk) -> None:
    """Either the token is revoked in the end, or the caller is told; never a silent success."""
    token = desk.has()
    desk.store.let("end_line", lambda: desk.store.put(replace(desk.owner, generation="next")))

    try:
        desk.revoke(desk.owner, token.id, RevocationReason.OWNER, PERSON)
    except ApiTokensError as error:
        assert isinstance(error, ConcurrentChange)  # noqa: PT017 - either outcome is right
    owner = desk.store.read_user(desk.owner)
    assert desk.store.read_token(token).status(owner, desk.now, RULES) is REVOKED


def _every_call(desk: Desk, token_id: str) -> list[Call]:
    return [
        lambda: desk.tokens.get(desk.owner, token_id),
        lambda: desk.tokens.patch(desk.owner, token_id, RENAME, PERSON),
        lambda: desk.tokens.keep_alive(desk.owner, token_id, PERSON),
        lambda: desk.revoke(desk.owner, token_id, RevocationReason.OWNER, PERSON),
    ]


def test_tokens_of_a_user_are_reactivated_so_many_times_a_day(desk: Desk) -> None:
    """All tokens of the owner count together. Pausing and revoking are never refused for a count."""
    tokens = [desk.has(state=TokenState.INACTIVE), desk.has(state=TokenState.INACTIVE)]
    for number in range(MOST):
        token = tokens[number % 2]
        desk.tokens.patch(desk.owner, token.id, RESUME, PERSON)
        desk.tokens.patch(desk.owner, token.id, PAUSE, PERSON)
    with pytest.raises(ReactivationLimitReached) as caught:
        desk.tokens.patch(desk.owner, tokens[0].id, replace(RESUME, name="other"), PERSON)
    assert caught.value.retry_after == timedelta(hours=12)
    assert desk.store.read_token(tokens[0]).name == tokens[0].name
    active = desk.has()
    desk.tokens.patch(desk.owner, active.id, PAUSE, PERSON)
    desk.revoke(desk.owner, active.id, RevocationReason.OWNER, PERSON)
    desk.tokens.patch(desk.owner, tokens[0].id, RENAME, PERSON)
    desk.clock.advance(timedelta(hours=12))
    desk.tokens.patch(desk.owner, tokens[0].id, RESUME, PERSON)


def test_lists_of_networks_change_so_many_times_a_day(desk: Desk) -> None:
    """Each narrower list flushes the caches that all callers share. A first list is never refused."""
    token = desk.has()
    lists = [allowed_networks([f"10.0.0.0/{length}"]) for length in range(8, 32)]

    def change(token: Token, networks: tuple[Network, ...]) -> None:
        desk.tokens.patch(desk.owner, token.id, TokenPatch(allowed_networks=networks), PERSON)

    for networks in lists[: MOST + 1]:
        change(token, networks)
        change(token, networks)
    for refused in (lists[-1], lists[0], ()):
        with pytest.raises(ReactivationLimitReached):
            change(token, refused)
    assert desk.store.read_token(token).allowed_networks == lists[MOST]
    change(desk.has(), lists[0])
    desk.tokens.patch(desk.owner, token.id, replace(RENAME, allowed_networks=lists[MOST]), PERSON)
    desk.tokens.patch(desk.owner, token.id, PAUSE, PERSON)
    desk.clock.advance(timedelta(hours=12))
    change(token, ())


@pytest.mark.parametrize("status", [ACTIVE, IDLE])
def test_token_that_was_not_paused_is_not_counted(desk: Desk, status: TokenStatus) -> None:
    """Its way back flushes nothing."""
    for _ in range(MOST + 1):
        desk.tokens.patch(desk.owner, desk.has(**STANDINGS[status]).id, RESUME, PERSON)


@pytest.mark.parametrize(
    ("status", "refusal"), [(REVOKED, TokenAlreadyRevoked), (EXPIRED, TokenAlreadyExpired)]
)
def test_refused_reactivation_is_not_counted(
    desk: Desk, status: TokenStatus, refusal: type[ApiTokensError]
) -> None:
    """It changes nothing."""
    token = desk.has(**STANDINGS[status])
    for _ in range(MOST + 1):
        with pytest.raises(refusal):
            desk.tokens.patch(desk.owner, token.id, RESUME, PERSON)


def test_reactivation_that_meets_other_changes_is_counted_once(desk: Desk) -> None:
    """It is made again on top of what it met."""
    token = desk.has(state=TokenState.INACTIVE)

    def meet() -> None:
        row = desk.store.read_token(token)
        desk.store.put(replace(row, name=f"name-{row.version}", version=row.version + 1))

    for _ in range(MOST):
        desk.store.let("save_token", meet)
        assert desk.tokens.patch(desk.owner, token.id, RESUME, PERSON).token.name != token.name
        desk.tokens.patch(desk.owner, token.id, PAUSE, PERSON)


def test_kept_alive_token_begins_its_idle_clock_anew(desk: Desk) -> None:
    """No use is counted: only the deadlines, the version and the time of the change differ."""
    token = desk.has(last_used_at=START, usage={START.date(): 3})

    view = desk.tokens.keep_alive(desk.owner, token.id, PERSON)

    row = desk.store.read_token(token)
    assert row == replace(
        token,
        idle_at=desk.now + RULES.idle_timeout,
        purge_at=RULES.purge_time(desk.now + RULES.idle_timeout),
        updated_at=desk.now,
        version=2,
    )
    assert (view.token, view.status) == (row, ACTIVE)


def test_keeping_alive_does_not_extend_the_lifetime(desk: Desk) -> None:
    """The token still expires when it would have expired."""
    expires_at = desk.now + DAY
    token = desk.has(expires_at=expires_at)

    assert desk.tokens.keep_alive(desk.owner, token.id, PERSON).expires_at == expires_at
    assert desk.store.read_token(token).purge_at == RULES.purge_time(expires_at)
    desk.clock.advance(DAY)
    with pytest.raises(TokenAlreadyExpired):
        desk.tokens.keep_alive(desk.owner, token.id, PERSON)


ROTATED_OUT = {"successor_id": new_token_id(START), "overlap_ends_at": START + 2 * DAY}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (STANDINGS[INACTIVE], TokenNotActive),
        (STANDINGS[IDLE], TokenNotActive),
        (STANDINGS[EXPIRED], TokenAlreadyExpired),
        (STANDINGS[REVOKED], TokenAlreadyRevoked),
        ({"generation": "before"}, TokenAlreadyRevoked),
        (ROTATED_OUT, TokenAlreadyRotated),
        (ROTATED_OUT | {"overlap_ends_at": START + DAY}, TokenAlreadyRotated),
    ],
    ids=["paused", "idle", "expired", "revoked", "generation", "overlap", "rotated"],
)
def test_only_an_active_token_is_kept_alive(
    desk: Desk, changes: dict[str, Any], error: type[ApiTokensError]
) -> None:
    """An idle token must be re-activated, and a rotated one ends with its overlap."""
    token = desk.has(**changes)

    with pytest.raises(error):
        desk.tokens.keep_alive(desk.owner, token.id, PERSON)
    assert desk.store.read_token(token) == token


def test_longest_lifetime_of_today_counts(desk: Desk) -> None:
    """A token that MAX_TOKEN_LIFETIME_DAYS ended is not kept alive."""
    rules = replace(RULES, max_lifetime=DAY)
    listing = ListTokens(desk.store, desk.clock, rules)
    counted = CountChange(desk.store, desk.clock, MOST, 1000)
    token = desk.has()

    manage = ManageTokens(desk.store, listing, counted, desk.clock, rules, JOURNAL)
    with pytest.raises(TokenAlreadyExpired):
        manage.keep_alive(desk.owner, token.id, PERSON)


def test_use_and_keeping_alive_at_once_are_both_kept(desk: Desk) -> None:
    """The use is recorded, and the later deadline stays."""
    token = desk.has()
    used = token.touched(desk.now, RULES)
    desk.store.let("save_token", lambda: desk.store.touch(token, used))

    desk.tokens.keep_alive(desk.owner, token.id, PERSON)

    row = desk.store.read_token(token)
    assert (row.last_used_at, row.idle_at) == (desk.now, desk.now + RULES.idle_timeout)


def test_token_that_goes_idle_meanwhile_is_not_kept_alive(desk: Desk) -> None:
    """An attempt that must be repeated checks anew."""
    token = desk.has(idle_at=desk.now + DAY)

    def meanwhile() -> None:
        desk.store.put(replace(token, version=2))
        desk.clock.advance(DAY)

    desk.store.let("save_token", meanwhile)
    with pytest.raises(TokenNotActive):
        desk.tokens.keep_alive(desk.owner, token.id, PERSON)


def test_other_changes_are_limited_each_day(desk: Desk) -> None:
    """A rename and a kept-alive token count. A pause, a revocation and a first list never wait."""
    token, other = desk.has(), desk.has()
    counted = CountChange(desk.store, desk.clock, MOST, 2)
    listing = ListTokens(desk.store, desk.clock, RULES)
    manage = ManageTokens(desk.store, listing, counted, desk.clock, RULES, JOURNAL)
    manage.patch(desk.owner, token.id, RENAME, PERSON)
    manage.patch(desk.owner, token.id, RENAME, PERSON)
    manage.keep_alive(desk.owner, token.id, PERSON)

    with pytest.raises(TooManyChanges) as caught:
        manage.patch(desk.owner, other.id, RENAME, PERSON)
    assert (caught.value.limit, caught.value.retry_after) == (2, timedelta(hours=12))
    with pytest.raises(TooManyChanges):
        manage.keep_alive(desk.owner, other.id, PERSON)
    assert desk.store.read_token(other) == other
    first_list = TokenPatch(name="renamed too", allowed_networks=allowed_networks(["10.0.0.0/8"]))
    manage.patch(desk.owner, other.id, first_list, PERSON)
    manage.patch(desk.owner, other.id, PAUSE, PERSON)
    desk.revoke(desk.owner, other.id, RevocationReason.OWNER, PERSON)

    desk.clock.advance(timedelta(hours=12))
    manage.patch(desk.owner, token.id, replace(RENAME, name="tomorrow"), PERSON)


def test_change_that_meets_another_one_counts_once(desk: Desk) -> None:
    """However many attempts it needs."""
    token = desk.has()
    manage = ManageTokens(
        desk.store,
        ListTokens(desk.store, desk.clock, RULES),
        CountChange(desk.store, desk.clock, MOST, 1),
        desk.clock,
        RULES,
        JOURNAL,
    )
    desk.store.let("save_token", lambda: desk.tokens.patch(desk.owner, token.id, PAUSE, PERSON))

    assert manage.patch(desk.owner, token.id, RENAME, PERSON).token.name == "nightly"
