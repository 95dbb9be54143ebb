"""A rotated token after its overlap: refused as ever, and its owner gets to know."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import (
    ConcurrentChange,
    ExpiredToken,
    InvalidToken,
    RotatedToken,
    StoreUnavailable,
)
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.rotation import rotation_of, successor_of
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import UserStatus
from chalicelib.services.refused_uses import RecordRefusal
from chalicelib.services.reuse import RevokeFamily
from chalicelib.services.revocation import RevokeToken
from chalicelib.services.verify import VerifyToken
from tests.support.actors import JOURNAL
from tests.support.builders import RULES, a_token
from tests.support.clock import START
from tests.unit.services.log_lines import written
from tests.unit.services.test_verify import Gate

REFRESH = RULES.refresh_interval
TICK = timedelta(milliseconds=1)
REASON = RevocationReason.REUSE


class RotatedGate(Gate):
    """A gate before which a token stands that was rotated without overlap."""

    def __init__(self, *, revoking: bool = False) -> None:
        super().__init__()
        self.owner = replace(self.owner, live_tokens=1)
        successor = successor_of(self.token, new_token_id(START), START, RULES)
        rotation = rotation_of(self.token, None, successor, timedelta(0), RULES)
        self.token, self.successor = rotation.rotated.after, rotation.successor
        self.store.put(self.owner, self.token, self.successor)
        self.revoking = revoking
        self.start()

    def start(self) -> None:
        """Let a process without any memory decide from now on."""
        revoke = RevokeToken(self.store, self.store, self.store, self.clock, RULES, JOURNAL)
        respond = RevokeFamily(self.store, revoke, self.clock) if self.revoking else None
        record = RecordRefusal(self.store, self.clock, RULES, respond)
        self.verifying = VerifyToken(self.reader, self.store, self.clock, RULES, record)

    def refuse(self, kind: type[InvalidToken] = RotatedToken) -> None:
        """Present the token, which is refused."""
        with pytest.raises(InvalidToken) as caught:
            self.pass_by()
        assert type(caught.value) is kind

    @property
    def reuse(self) -> tuple[int, object]:
        """The count and the time of reuse in the row."""
        return self.row.reuse_count, self.row.last_reused_at


@pytest.fixture
def gate() -> RotatedGate:
    """Return a gate that records."""
    return RotatedGate()


@pytest.fixture
def strict() -> RotatedGate:
    """Return a gate that revokes the family besides."""
    return RotatedGate(revoking=True)


def test_reuse_is_refused_and_recorded(gate: RotatedGate) -> None:
    """One read and one write; nothing that a use would change changes."""
    gate.refuse()

    assert gate.reuse == (1, START)
    assert gate.store.calls == {"find_for_authorization": 1, "record_refusal": 1}
    assert (gate.row.last_used_at, gate.row.purge_at) == (None, gate.token.purge_at)


def test_reuse_is_written_once_per_interval_and_none_is_lost(gate: RotatedGate) -> None:
    """Reuse that is not written yet is counted in the process."""
    for _ in range(4):
        gate.refuse()
    assert gate.store.calls["record_refusal"] == 1
    gate.clock.advance(REFRESH - TICK)
    gate.refuse()
    assert gate.reuse == (1, START)
    gate.clock.advance(TICK)
    gate.refuse()

    assert gate.reuse == (6, START + REFRESH)
    assert gate.store.calls["record_refusal"] == 2


def test_processes_share_the_interval(gate: RotatedGate) -> None:
    """A reuse that one process wrote is not written by the other."""
    gate.refuse()
    gate.start()
    gate.refuse()

    assert gate.store.calls["record_refusal"] == 1


def test_reuse_is_logged_with_ids(gate: RotatedGate) -> None:
    """The line names user, token, successor and family, and how often it was."""
    with written() as lines:
        gate.refuse()

    (line,) = [line for line in lines if line["event"] == "token.reused"]
    assert (line["level"], line["count"]) == ("WARNING", 1)
    ids = ("user_id", "token_id", "successor_id", "family_id")
    expected = (gate.owner.id, gate.token.id, gate.successor.id, gate.token.id)
    assert tuple(line[name] for name in ids) == expected


def test_record_that_fails_changes_nothing_for_the_caller(gate: RotatedGate) -> None:
    """Refused all the same; the next write makes up for it."""
    gate.store.broken = {"record_refusal"}
    with written() as lines:
        gate.refuse()
    gate.store.broken = set()
    assert [line["event"] for line in lines] == ["token.reused", "token.reuse_not_recorded"]
    gate.refuse()

    assert gate.reuse == (2, START)


def test_reuse_during_the_record_of_another_is_not_lost(gate: RotatedGate) -> None:
    """A second reuse comes while the first one is written, and its own write fails. The next has it."""

    def fail() -> None:
        raise StoreUnavailable

    gate.store.let("record_refusal", gate.refuse, fail)
    gate.refuse()
    assert gate.reuse == (1, START)

    gate.clock.advance(REFRESH)
    gate.refuse()

    assert gate.reuse == (3, START + REFRESH)


def test_deleted_row_is_not_recreated(gate: RotatedGate) -> None:
    """Deleted between the decision and the record, it stays deleted."""
    gate.store.let("record_refusal", lambda: gate.store.purge(gate.token))
    gate.refuse()

    assert gate.store.rows() == [gate.successor]


def test_token_in_its_overlap_passes_without_a_record(gate: RotatedGate) -> None:
    """Nothing is added to what is allowed: one read, one touch."""
    gate.store.put(replace(gate.token, overlap_ends_at=START + TICK))
    gate.pass_by()

    assert gate.store.calls == {"find_for_authorization": 1, "touch": 1}
    assert gate.reuse == (0, None)


@pytest.mark.parametrize("end", ["revoked", "generation", "inactive", "removed", "expired"])
def test_other_refusals_are_no_reuse(gate: RotatedGate, end: str) -> None:
    """A refusal for another reason does not count as reuse. The owner sees some of them as refused uses."""
    if end == "revoked":
        gate.store.put(gate.token.revoked(RevocationReason.OWNER, START, RULES))
    elif end == "generation":
        gate.store.put(replace(gate.token, generation="before"))
    elif end == "expired":
        gate.reader.refusal = ExpiredToken()
    else:
        gate.store.put(replace(gate.owner, status=UserStatus(end)))
    with pytest.raises(InvalidToken):
        gate.pass_by()

    assert gate.reuse == (0, None)
    assert gate.store.calls["record_refusal"] == (1 if end in {"revoked", "generation"} else 0)


def test_recording_leaves_the_family_alone(gate: RotatedGate) -> None:
    """A forgotten job does not take production down."""
    gate.refuse()

    assert gate.store.read_token(gate.successor) == gate.successor


def test_family_is_revoked_where_that_is_wanted(strict: RotatedGate) -> None:
    """Every token of the line that lives, and the count with it; other tokens stay."""
    other = a_token(strict.owner)
    strict.store.put(other)
    with written() as lines:
        strict.refuse()

    revocation = strict.store.read_token(strict.successor).revocation
    assert revocation is not None
    assert (revocation.reason, revocation.at) == (REASON, START)
    assert strict.store.read_token(other) == other
    assert strict.store.read_user(strict.owner).live_tokens == 0
    assert strict.row.revocation is None
    (line,) = [line for line in lines if line["event"] == "token.family_revoked"]
    assert line["token_id"] == strict.successor.id


@pytest.mark.parametrize("changes", [{"state": TokenState.INACTIVE}, {"idle_at": START}])
def test_paused_and_idle_relatives_are_revoked_too(strict: RotatedGate, changes: dict[str, Any]) -> None:
    """They could come back."""
    strict.store.put(replace(strict.successor, **changes))
    strict.refuse()

    assert strict.store.read_token(strict.successor).state is TokenState.REVOKED


def test_family_is_looked_for_once_per_interval(strict: RotatedGate) -> None:
    """However often the token is presented."""
    for _ in range(5):
        strict.refuse()

    assert strict.store.calls["list_family"] == 1


def test_relative_that_changes_meanwhile_is_revoked(strict: RotatedGate) -> None:
    """The revocation looks again."""
    renamed = replace(strict.successor, name="new", version=2)
    strict.store.let("end_line", lambda: strict.store.put(renamed))
    strict.refuse()

    assert strict.store.read_token(strict.successor).state is TokenState.REVOKED


@pytest.mark.parametrize("call", ["list_family", "find_for_authorization", "end_line"])
def test_revocation_that_fails_is_logged_and_the_token_refused(strict: RotatedGate, call: str) -> None:
    """The refusal stands whatever breaks behind it."""

    def break_it() -> None:
        strict.store.broken = {call}

    strict.store.let("list_family", break_it)
    with written() as lines:
        strict.refuse()

    assert [line["event"] for line in lines] == ["token.reused", "token.family_not_revoked"]


def successor_of_reused(gate: RotatedGate) -> TokenState:
    """Return the state of the one token that works."""
    return gate.store.read_token(gate.successor).state


def test_family_is_revoked_when_the_reuse_cannot_be_recorded(strict: RotatedGate) -> None:
    """The reaction does not depend on the count."""
    strict.store.broken = {"record_refusal"}
    strict.refuse()

    assert successor_of_reused(strict) is TokenState.REVOKED


def test_family_is_revoked_before_the_reuse_is_recorded(strict: RotatedGate) -> None:
    """A write that hangs until the function ends must not come first."""
    seen: list[TokenState] = []
    strict.store.let("record_refusal", lambda: seen.append(successor_of_reused(strict)))
    strict.refuse()

    assert seen == [TokenState.REVOKED]


def test_family_is_revoked_when_another_process_recorded_the_reuse(strict: RotatedGate) -> None:
    """That process may have ended before it revoked anything."""
    strict.store.put(replace(strict.token, last_reused_at=START, reuse_count=1))
    strict.refuse()

    assert successor_of_reused(strict) is TokenState.REVOKED
    assert strict.store.calls["record_refusal"] == 0


def test_family_is_revoked_when_the_reused_row_is_deleted_meanwhile(strict: RotatedGate) -> None:
    """TTL may delete the row between the decision and the reaction."""
    strict.store.let("list_family", lambda: strict.store.purge(strict.token))
    strict.refuse()

    assert successor_of_reused(strict) is TokenState.REVOKED


def test_reaction_that_failed_is_tried_again_after_a_second(strict: RotatedGate) -> None:
    """A whole interval would give a thief five minutes. Each use would add to the failure."""
    strict.store.broken = {"list_family"}
    for _ in range(5):
        strict.refuse()
    assert strict.store.calls["list_family"] == 1
    strict.store.broken = set()
    strict.clock.advance(timedelta(seconds=1) - TICK)
    strict.refuse()
    assert successor_of_reused(strict) is TokenState.ACTIVE
    strict.clock.advance(TICK)
    strict.refuse()

    assert successor_of_reused(strict) is TokenState.REVOKED


def test_family_is_looked_for_again_after_the_interval(strict: RotatedGate) -> None:
    """A token that appeared in the family since then is revoked too."""
    strict.refuse()
    strict.store.put(strict.successor)
    strict.clock.advance(REFRESH)
    strict.refuse()

    assert successor_of_reused(strict) is TokenState.REVOKED


def test_one_relative_that_cannot_be_revoked_spares_no_other(strict: RotatedGate) -> None:
    """The others end, and the failed one ends a second later."""
    other = replace(strict.successor, id=new_token_id(START + TICK), line_id=None, predecessor_id=None)
    strict.store.put(other)

    def fail() -> None:
        raise StoreUnavailable

    strict.store.let("end_line", fail)
    strict.refuse()
    states = [strict.store.read_token(each).state for each in (strict.successor, other)]
    assert set(states) == {TokenState.ACTIVE, TokenState.REVOKED}
    strict.clock.advance(timedelta(seconds=1))
    strict.refuse()

    states = [strict.store.read_token(each).state for each in (strict.successor, other)]
    assert states == [TokenState.REVOKED] * 2


def test_relative_that_never_rests_is_logged(strict: RotatedGate) -> None:
    """A conflict that does not end is a failure like others."""

    def conflict() -> Token:
        raise ConcurrentChange

    strict.store.let("end_line", *[conflict] * 5)
    with written() as lines:
        strict.refuse()

    assert lines[-1]["event"] == "token.family_not_revoked"


def test_looking_records_nothing(gate: RotatedGate) -> None:
    """Introspection of a token is not a use."""
    with pytest.raises(RotatedToken):
        gate.verifying.uncounted("any string")
    with pytest.raises(RotatedToken):
        gate.verifying.uncounted_by_ids(gate.owner.id, gate.token.id)

    assert gate.store.calls == {"find_for_authorization": 2}
