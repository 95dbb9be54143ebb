"""Decisions on rows of a moment ago: which decisions read, what they decide, and what they write."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import (
    BadSignature,
    ExpiredToken,
    IdleToken,
    InactiveOwner,
    InvalidToken,
    RevokedToken,
    RotatedToken,
    StoreUnavailable,
    UnknownToken,
    WrongClaims,
)
from chalicelib.domain.seen_networks import RefusedReason
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import Role, User, UserStatus
from chalicelib.services.recent_rows import RecentRows
from chalicelib.services.verify import Verified, VerifyToken
from tests.support.builders import A_CALLER, RULES, a_token, a_user
from tests.support.clock import START
from tests.unit.services.test_verify import Gate

SECOND = timedelta(seconds=1)
TICK = timedelta(milliseconds=1)
READ = "find_for_authorization"


def anything(verified: Verified) -> bool:
    """Let every usable token in."""
    return True


class RecentGate(Gate):
    """A gate that may decide again on rows for a second. Its token was used just now."""

    def __init__(self, reuse: timedelta = SECOND) -> None:
        super().__init__()
        self.reused: list[Token] = []
        self.recent = RecentRows(reuse, self.clock)
        self.verifying = VerifyToken(self.reader, self.store, self.clock, RULES, self._note, self.recent)

    def _note(self, token: Token, reason: RefusedReason, network: str | None) -> None:
        if reason is RefusedReason.ROTATED:
            self.reused.append(token)

    def decide(self, address: str | None = None) -> Verified:
        """Present the token to an authorizer."""
        return self.verifying.decide("any string", replace(A_CALLER, address=address), anything)

    @property
    def reads(self) -> int:
        """The number of reads of rows."""
        return self.store.calls[READ]


@pytest.fixture
def gate() -> RecentGate:
    """Return a gate that has just let its token in."""
    gate = RecentGate()
    gate.decide()
    return gate


def test_busy_token_costs_one_read_a_second() -> None:
    """1,500 decisions a second for ten seconds read ten times."""
    gate = RecentGate()
    for n in range(15_000):
        gate.clock.set_to(START + n * SECOND / 1500)
        gate.decide()
    assert gate.reads == 10
    assert gate.store.calls["touch"] == 1


def test_without_the_setting_every_decision_reads() -> None:
    """The promise stands as it is."""
    gate = RecentGate(timedelta(0))
    for _ in range(5):
        gate.decide()
    assert gate.reads == 5


def test_token_that_is_not_ours_is_refused_whatever_is_kept(gate: RecentGate) -> None:
    """The signature is verified each time."""
    gate.reader.refusal = BadSignature()
    with pytest.raises(BadSignature):
        gate.decide()
    assert gate.reads == 1


@pytest.mark.parametrize(
    ("row", "refusal"),
    [
        ({"state": TokenState.REVOKED}, RevokedToken),
        ({"generation": "another"}, RevokedToken),
        ({"overlap_ends_at": START}, RotatedToken),
    ],
)
def test_end_is_effective_when_the_reuse_is_over(
    gate: RecentGate, row: dict[str, object], refusal: type[InvalidToken]
) -> None:
    """Until then the process may not know of it; not a moment longer."""
    gate.store.put(replace(gate.row, **row))  # type: ignore[arg-type]
    gate.clock.advance(SECOND - TICK)
    gate.decide()
    gate.clock.advance(TICK)
    with pytest.raises(refusal):
        gate.decide()
    assert gate.reads == 2


@pytest.mark.parametrize("status", [UserStatus.INACTIVE, UserStatus.REMOVED])
def test_end_of_the_owner_is_effective_when_the_reuse_is_over(gate: RecentGate, status: UserStatus) -> None:
    """The owner's row is as old as the token's."""
    gate.store.put(replace(gate.owner, status=status))
    gate.decide()
    gate.clock.advance(SECOND)
    with pytest.raises(InactiveOwner):
        gate.decide()


def test_row_that_is_gone_is_refused_when_the_reuse_is_over(gate: RecentGate) -> None:
    """A refusal leaves nothing behind that a later decision could use."""
    gate.store.purge(gate.row)
    gate.clock.advance(SECOND)
    for _ in range(2):
        with pytest.raises(UnknownToken):
            gate.decide()
    assert gate.reads == 3


@pytest.mark.parametrize(
    ("deadline", "refusal"),
    [("expires_at", ExpiredToken), ("idle_at", IdleToken), ("overlap_ends_at", RotatedToken)],
)
def test_deadline_is_judged_anew_each_time(deadline: str, refusal: type[InvalidToken]) -> None:
    """Reused rows prolong no deadline. What they refuse is read once more."""
    gate = RecentGate()
    used = replace(gate.token, last_used_at=START, **{deadline: START + 2 * TICK})  # type: ignore[arg-type]
    gate.store.put(used)
    gate.reader.claims = replace(gate.reader.claims, expires_at=used.expires_at)
    gate.decide()
    gate.clock.advance(TICK)
    gate.decide()
    assert gate.reads == 1
    gate.clock.advance(TICK)
    with pytest.raises(refusal):
        gate.decide()
    assert gate.reads == 2
    assert gate.reused == ([used] if refusal is RotatedToken else [])


def test_claims_decide_each_time(gate: RecentGate) -> None:
    """Two strings of one token, one of them with fewer scopes: each has its own."""
    gate.reader.claims = replace(gate.reader.claims, scopes=frozenset({"api:read"}))
    assert gate.decide().scopes == {"api:read"}
    assert gate.reads == 1
    gate.reader.claims = replace(gate.reader.claims, expires_at=START + SECOND)
    with pytest.raises(WrongClaims):
        gate.decide()
    assert gate.reads == 2


def test_what_was_paused_and_came_back_is_let_in_at_once(gate: RecentGate) -> None:
    """A refusal is never remembered."""
    active = gate.row
    gate.store.put(replace(active, state=TokenState.INACTIVE))
    gate.clock.advance(SECOND)
    with pytest.raises(InvalidToken):
        gate.decide()
    gate.store.put(active)
    assert gate.decide().token == active


def test_door_that_would_refuse_makes_the_rows_read_anew(gate: RecentGate) -> None:
    """The scopes of a moment ago must not refuse what the owner's new role opens."""
    asked: list[frozenset[str]] = []

    def lets_in(verified: Verified) -> bool:
        asked.append(verified.scopes)
        return False

    gate.store.put(replace(gate.row, scopes=frozenset({"api:read"})))
    assert gate.verifying.decide("any string", A_CALLER, lets_in).scopes == {"api:read"}
    assert asked == [frozenset({"api:read", "api:write"}), frozenset({"api:read"})]
    assert gate.reads == 2


@pytest.mark.parametrize("call", ["__call__", "uncounted"], ids=["verify", "look"])
def test_other_calls_read(gate: RecentGate, call: str) -> None:
    """Self-service, exchange and introspection never decide on rows of a moment ago."""
    gate.store.put(replace(gate.row, state=TokenState.REVOKED))
    with pytest.raises(RevokedToken):
        getattr(gate.verifying, call)("any string")
    with pytest.raises(RevokedToken):
        gate.verifying.uncounted_by_ids(gate.owner.id, gate.token.id)


def test_use_is_written_once_per_interval(gate: RecentGate) -> None:
    """A decision that has to write reads first, so a burst at the end of the interval writes once."""
    gate.clock.advance(RULES.refresh_interval - 2 * TICK)
    gate.decide()
    gate.clock.advance(2 * TICK)
    for _ in range(100):
        gate.decide()
    assert gate.store.calls["touch"] == 2
    assert gate.row.last_used_at == START + RULES.refresh_interval
    assert gate.row.usage == {START.date(): 3}


def test_every_use_is_counted(gate: RecentGate) -> None:
    """The uses of reused rows are in the next record."""
    for _ in range(99):
        gate.decide()
    gate.clock.advance(RULES.refresh_interval)
    gate.decide()
    assert gate.row.usage == {START.date(): 101}


@pytest.mark.parametrize("failure", ["lost", "broken"])
def test_rows_whose_use_was_not_written_are_not_kept(failure: str) -> None:
    """The row moved on, or it is unknown; each decision reads until one knows."""
    gate = RecentGate()
    if failure == "broken":
        gate.store.broken = {"touch"}
    else:
        moved = replace(gate.token, version=2)
        gate.store.let("touch", lambda: gate.store.put(moved))
    gate.decide()
    gate.store.broken = set()
    gate.decide()
    assert gate.reads == 2
    gate.decide()
    assert gate.reads == 2


def test_store_that_does_not_answer_is_an_error_when_the_reuse_is_over(gate: RecentGate) -> None:
    """Old rows never stand in for a store that fails."""
    gate.store.broken = {READ}
    gate.decide()
    gate.clock.advance(SECOND)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            gate.decide()


def test_read_that_began_before_an_end_counts_from_its_beginning() -> None:
    """Its rows may be from before, however late they arrive."""
    gate = RecentGate()
    gate.store.put(replace(gate.token, last_used_at=START))
    answers = [gate.store.find_for_authorization(gate.owner.id, gate.token.id)]

    class Slow:
        """A store whose answer arrives most of a second later."""

        def find_for_authorization(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
            """Return the rows of the beginning."""
            gate.clock.advance(SECOND - TICK)
            gate.store.put(replace(gate.token, state=TokenState.REVOKED))
            return answers.pop() if answers else gate.store.find_for_authorization(user_id, token_id)

        def touch(self, before: Token, after: Token) -> bool:
            """Record nothing."""
            return False

        def record_refusal(self, before: Token, after: Token) -> bool:
            """Record nothing."""
            return False

    gate.verifying = VerifyToken(
        gate.reader,
        Slow(),
        gate.clock,
        RULES,
        recent=RecentRows(SECOND, gate.clock),
    )
    gate.decide()
    gate.decide()
    gate.clock.advance(TICK)
    with pytest.raises(RevokedToken):
        gate.decide()


def test_other_tokens_are_not_touched_by_one(gate: RecentGate) -> None:
    """Rows of one owner's tokens are apart."""
    other = a_token(gate.owner, last_used_at=START)
    gate.store.put(other)
    gate.reader.claims = Claims(gate.owner.id, other.id, START, other.scopes, None)
    assert gate.decide().token == other
    assert gate.reads == 2


def test_role_counts_as_the_policy_says_now() -> None:
    """A role by claim that ends within the second ends then."""
    gate = RecentGate()
    given: datetime = START - timedelta(hours=24) + 2 * TICK
    admin = replace(a_user("admin@example.com"), role=Role.ADMIN, role_given_at=given, signed_in_at=given)
    token = a_token(admin, last_used_at=START)
    gate.store.put(admin, token)
    gate.reader.claims = Claims(admin.id, token.id, START, token.scopes, None)
    roles = []
    for _ in range(2):
        gate.decide()
        rows = gate.recent.find(admin.id, token.id)
        assert rows is not None
        roles.append(RULES.administrators.role_of(rows.owner, gate.clock.now()))
        gate.clock.advance(2 * TICK)
    assert roles == [Role.ADMIN, Role.USER]
