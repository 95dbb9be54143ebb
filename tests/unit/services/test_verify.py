"""The authorizer's decision: order, refusals, and the use recorded."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import (
    BadSignature,
    ExpiredToken,
    IdleToken,
    InactiveOwner,
    InactiveToken,
    InvalidToken,
    RevokedToken,
    StoreUnavailable,
    UnknownToken,
    WrongClaims,
)
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import UserStatus
from chalicelib.services.verify import VerifyToken
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START, FixedClock
from tests.unit.services.log_lines import written
from tests.unit.services.stores import BusyStore

TICK = timedelta(milliseconds=1)
DAY = timedelta(days=1)
REFRESH = RULES.refresh_interval


class Reader:
    """Reads any string as the claims it was given, or refuses it."""

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.refusal: Exception | None = None

    def verify(self, unverified_token: str) -> Claims:
        """Return the claims."""
        if self.refusal:
            raise self.refusal
        return self.claims


class Gate:
    """Verification of one token over the store in memory."""

    def __init__(self) -> None:
        self.store = BusyStore()
        self.clock = FixedClock()
        self.owner = a_user(generation="now")
        self.token = a_token(self.owner)
        self.store.put(self.owner, self.token)
        self.reader = Reader(Claims(self.owner.id, self.token.id, START, self.token.scopes, None))
        self.verifying = VerifyToken(self.reader, self.store, self.clock, RULES)

    def pass_by(self) -> Token:
        """Present the token."""
        return self.verifying("any string").token

    @property
    def row(self) -> Token:
        """The token's row as it is now."""
        return self.store.read_token(self.token)


@pytest.fixture
def gate() -> Gate:
    """Return a gate before which a good token stands."""
    return Gate()


def test_good_token_passes_with_its_scopes(gate: Gate) -> None:
    """One read, one write, and the bearer is in."""
    verified = gate.verifying("any string")

    assert (verified.token, verified.scopes) == (gate.row, gate.token.scopes)
    assert gate.row == gate.token.touched(START, RULES, {START.date(): 1})
    assert gate.store.calls == {"find_for_authorization": 1, "touch": 1}


@pytest.mark.parametrize(
    ("row", "claimed", "effective"),
    [
        ({"api:read"}, {"api:read", "api:write"}, {"api:read"}),
        ({"api:read", "api:write"}, {"api:read"}, {"api:read"}),
        ({"api:read"}, {"api:write"}, set()),
    ],
)
def test_scopes_are_those_that_row_and_string_agree_on(
    gate: Gate, row: set[str], claimed: set[str], effective: set[str]
) -> None:
    """Neither a widened row nor a wide string opens more than both say."""
    gate.store.put(replace(gate.token, scopes=frozenset(row)))
    gate.reader.claims = replace(gate.reader.claims, scopes=frozenset(claimed))

    assert gate.verifying("any string").scopes == effective


def test_string_that_is_not_ours_costs_no_read(gate: Gate) -> None:
    """The signature comes first."""
    gate.reader.refusal = BadSignature()

    with pytest.raises(BadSignature):
        gate.pass_by()

    assert gate.store.calls == {}


def test_unknown_token_is_refused(gate: Gate) -> None:
    """A good signature alone opens nothing: the row must be there."""
    gate.store.purge(gate.token)

    with pytest.raises(UnknownToken):
        gate.pass_by()


def test_token_of_an_unknown_owner_is_refused(gate: Gate) -> None:
    """A row without an owner opens nothing."""
    stray = a_token(a_user("nobody@example.com"))
    gate.store.put(stray)
    gate.reader.claims = Claims(stray.user_id, stray.id, START, stray.scopes, None)

    with pytest.raises(UnknownToken):
        gate.pass_by()


def test_token_of_another_owner_is_refused(gate: Gate) -> None:
    """The row is looked for under the subject that was signed."""
    other = a_user("other@example.com")
    gate.store.put(other)
    gate.reader.claims = replace(gate.reader.claims, subject=other.id)

    with pytest.raises(UnknownToken):
        gate.pass_by()


@pytest.mark.parametrize(
    ("row", "claimed"), [(None, START + DAY), (START + DAY, None), (START + DAY, START + 2 * DAY)]
)
def test_expiry_that_row_and_string_disagree_on_is_refused(
    gate: Gate, row: object, claimed: object
) -> None:
    """A row that gives a token another lifetime than was signed is not its row."""
    gate.store.put(replace(gate.token, expires_at=row))  # type: ignore[arg-type]
    gate.reader.claims = replace(gate.reader.claims, expires_at=claimed)  # type: ignore[arg-type]

    with pytest.raises(WrongClaims):
        gate.pass_by()
    assert gate.store.calls["touch"] == 0


def test_disagreement_is_named_before_the_owners_state(gate: Gate) -> None:
    """A row that is not the token's own is not asked anything else."""
    gate.store.put(replace(gate.token, expires_at=START + DAY))
    gate.store.put(replace(gate.owner, status=UserStatus.INACTIVE))

    with pytest.raises(WrongClaims):
        gate.pass_by()


@pytest.mark.parametrize(
    ("token", "owner", "refusal"),
    [
        ({"state": TokenState.INACTIVE}, {}, InactiveToken),
        ({"state": TokenState.REVOKED}, {}, RevokedToken),
        ({"generation": "before"}, {}, RevokedToken),
        ({"idle_at": START}, {}, IdleToken),
        ({"expires_at": START}, {}, ExpiredToken),
        ({}, {"status": UserStatus.INACTIVE}, InactiveOwner),
        ({}, {"status": UserStatus.REMOVED}, InactiveOwner),
        ({"state": TokenState.REVOKED}, {"status": UserStatus.INACTIVE}, InactiveOwner),
    ],
)
def test_refused_call_never_touches(
    gate: Gate, token: dict[str, object], owner: dict[str, object], refusal: type[InvalidToken]
) -> None:
    """Each state refuses with its own reason, and knocking keeps no token alive."""
    row = replace(gate.token, **token)  # type: ignore[arg-type]
    gate.store.put(row, replace(gate.owner, **owner))  # type: ignore[arg-type]
    gate.reader.claims = replace(gate.reader.claims, expires_at=row.expires_at)

    with pytest.raises(refusal):
        gate.pass_by()

    assert gate.store.calls["touch"] == 0
    assert gate.row == row


def test_store_that_does_not_answer_decides_nothing(gate: Gate) -> None:
    """A broken store is an error: neither allowed nor refused."""
    gate.store.broken = {"find_for_authorization"}

    with pytest.raises(StoreUnavailable):
        gate.pass_by()


def test_use_is_recorded_with_the_new_deadlines(gate: Gate) -> None:
    """Last use, idle deadline and purge time move together; nothing else moves."""
    gate.clock.advance(DAY)

    gate.pass_by()

    assert gate.row == replace(
        gate.token,
        last_used_at=START + DAY,
        idle_at=START + 31 * DAY,
        purge_at=START + 121 * DAY,
        usage={(START + DAY).date(): 1},
    )


def test_use_is_recorded_at_most_once_per_refresh_interval(gate: Gate) -> None:
    """Between two recorded uses lies the whole interval, however often the token is used."""
    for _ in range(10):
        gate.pass_by()
    assert gate.store.calls["touch"] == 1

    gate.clock.advance(REFRESH - TICK)
    gate.pass_by()
    assert gate.store.calls["touch"] == 1
    assert gate.row.last_used_at == START

    gate.clock.advance(TICK)
    gate.pass_by()
    gate.pass_by()
    assert gate.store.calls["touch"] == 2
    assert gate.row.last_used_at == START + REFRESH


def test_use_is_recorded_forward_only(gate: Gate) -> None:
    """A machine whose clock is behind does not set the last use back."""
    ahead = replace(gate.token, last_used_at=START + DAY)
    gate.store.put(ahead)

    gate.pass_by()

    assert gate.row == ahead


def test_use_that_cannot_be_recorded_is_allowed_and_logged(gate: Gate) -> None:
    """Losing a touch costs accuracy, never access. A warning is logged."""
    gate.store.broken = {"touch"}

    with written() as lines:
        token = gate.pass_by()

    assert token == gate.token
    assert [(line["event"], line["level"], line["token_id"], line["reason"]) for line in lines] == [
        ("token.touch_failed", "WARNING", gate.token.id, "StoreUnavailable")
    ]


def test_use_during_the_record_of_another_is_not_lost(gate: Gate) -> None:
    """A second use comes while the first one is written, and its own write fails. The next one has it."""

    def fail() -> None:
        raise StoreUnavailable

    gate.store.let("touch", gate.pass_by, fail)
    gate.pass_by()
    assert gate.row.usage == {START.date(): 1}

    gate.clock.advance(REFRESH)
    gate.pass_by()

    assert gate.row.usage == {START.date(): 3}


def test_use_that_another_process_recorded_first_is_not_lost(gate: Gate) -> None:
    """The row moved on, so nothing is written now. The next record has the use."""
    elsewhere = VerifyToken(gate.reader, gate.store, gate.clock, RULES)
    gate.store.let("touch", lambda: elsewhere("any string"))
    gate.pass_by()

    gate.clock.advance(REFRESH)
    gate.pass_by()

    assert gate.row.usage == {START.date(): 3}


@pytest.mark.parametrize("state", [TokenState.REVOKED, TokenState.INACTIVE])
def test_use_never_revives_what_ended_meanwhile(gate: Gate, state: TokenState) -> None:
    """A token revoked or paused between the decision and the record stays as it was left."""
    ended = replace(gate.token, state=state, version=gate.token.version + 1)
    gate.store.let("touch", lambda: gate.store.put(ended))

    gate.pass_by()

    assert gate.row == ended


def test_use_never_recreates_a_deleted_row(gate: Gate) -> None:
    """A row deleted between the decision and the record stays deleted."""
    gate.store.let("touch", lambda: gate.store.purge(gate.token))

    gate.pass_by()

    assert gate.store.rows() == []


def test_decision_is_logged_with_ids(gate: Gate) -> None:
    """The line about a decision names the token and its owner, also when it is refused."""
    from chalicelib import logs

    gate.store.purge(gate.token)

    with written() as lines, logs.entry("authorize"), pytest.raises(UnknownToken):
        gate.pass_by()

    assert (lines[0]["user_id"], lines[0]["token_id"]) == (gate.owner.id, gate.token.id)
