"""The records of each operation in the table's stream, and the flushes that follow."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import attributes, items, primary_keys
from chalicelib.adapters.dynamodb.stream import read_change
from chalicelib.services.flush import SETTLE
from tests.integration.test_faults import (
    ALLOWED,
    MANAGEMENT,
    REFUSED,
    REUSE,
    Operation,
    authorize,
    change_networks,
    known_people,
    rotate,
    with_rotated_token,
    with_token,
    with_token_in_its_overlap,
)
from tests.integration.world import ADMIN, USER, World
from tests.support.builders import a_token, a_user
from tests.support.clock import START
from tests.support.stream import Record, a_record, handed_on, records_between

OPERATIONS = [*MANAGEMENT, *ALLOWED, *REFUSED, REUSE]

CHANGING_DECISIONS = {
    "sign-in-after-removal",
    "narrow",
    "pause",
    "resume",
    "revoke",
    "pause-a-users-token",
    "resume-a-users-token",
    "revoke-a-users-token",
    "revoke-itself",
    "revoke-a-line",
    "report-an-ancestor",
    "end-predecessor",
    "report",
    "oauth-revoke",
    "rotate",
    "rotate-in-an-overlap",
    "deactivate",
    "reactivate",
    "reactivate-with-tokens",
    "remove",
    "revoke-all",
}
# These invoke the function without a flush. The count of live tokens and the profile are in the user's row.
# A token with a successor or a list of networks matches, and so does one that is paused or revoked,
# whatever else happens to it. A refused use of such a token is recorded.
LOOKED_AT_ONLY = {
    "sign-in-newer",
    "sign-in-new-name",
    "create",
    "create-first-of-all",
    "create-with-key",
    "create-at-quota-with-recount",
    "oauth-exchange",
    "rotate-itself",
    "authorize-paused",
    "authorize-revoked",
    "authorize-rotated",
    "widen",
    "turn-mails-off",
}


def records_of(world: World, act: Callable[[World], Any]) -> list[Record]:
    """Return what the stream says about an act."""
    before = copy.deepcopy(world.rows())
    act(world)
    return records_between(before, world.cloud.rows())


def changes_decisions(world: World, records: list[Record]) -> bool:
    """Return True if the function would flush."""
    now = world.clock.now() + SETTLE
    changes = [read_change(record) for record in records]
    return any(change is None or change.changes_decisions(now) for change in changes)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: str(operation.name))
def test_operation_flushes_when_it_changes_decisions(world: World, operation: Operation) -> None:
    """Every operation that the service has; a new one has to say which it is."""
    operation.arrange(world)
    world.start()
    records = records_of(world, operation.act)
    handed = handed_on(records)
    assert bool(handed) is (operation.name in CHANGING_DECISIONS | LOOKED_AT_ONLY)
    assert changes_decisions(world, handed) is (operation.name in CHANGING_DECISIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: str(operation.name))
def test_what_is_not_handed_on_changes_no_decision(world: World, operation: Operation) -> None:
    """The patterns keep nothing back that they should not; what is new or gone was never cached."""
    operation.arrange(world)
    world.start()
    records = records_of(world, operation.act)
    kept = [r for r in records if r not in handed_on(records) and r["eventName"] == "MODIFY"]
    of_people = [r for r in kept if r["dynamodb"]["Keys"]["pk"]["S"].startswith("U#")]
    # No decision reads the row of a line.
    of_people = [
        r for r in of_people if not r["dynamodb"]["Keys"]["sk"]["S"].startswith(primary_keys.LINES)
    ]
    assert not changes_decisions(world, of_people)


def test_use_costs_no_invocation(world: World) -> None:
    """The commonest write there is."""
    with_token(world)
    records = records_of(world, authorize)
    assert [record["eventName"] for record in records] == ["MODIFY"]
    assert handed_on(records) == []


def test_use_between_rotation_and_end_of_overlap_is_looked_at_only(world: World) -> None:
    """It invokes the function, once per LAST_USED_REFRESH_SECONDS, and flushes nothing."""
    with_token(world)
    secret = world.secret
    world.api.post(f"{world.path}/rotate", world.user, {"overlap_seconds": 3600})
    records = records_of(world, lambda world: world.api.get("/api/whoami", secret))
    assert len(handed_on(records)) == 1
    assert not changes_decisions(world, records)


def test_first_list_of_networks_is_flushed(world: World) -> None:
    """Every address was allowed before."""
    with_token(world)
    assert changes_decisions(
        world, handed_on(records_of(world, lambda world: change_networks(world, "::1")))
    )


def test_use_of_a_token_with_a_list_is_looked_at_only(world: World) -> None:
    """It invokes the function, once per LAST_USED_REFRESH_SECONDS, and flushes nothing."""
    known_people(world)
    world.create_token(name="ci", allowed_networks=["127.0.0.0/8"])
    secret = world.secret
    records = records_of(world, lambda world: world.api.delete("/v1/tokens/self/predecessor", secret))
    assert len(handed_on(records)) == 1
    assert not changes_decisions(world, records)


def test_row_with_a_damaged_list_is_expected_to_change_decisions() -> None:
    """The list may have been any."""
    token = a_token(a_user())
    old, new = items.TOKEN.item(token), items.TOKEN.item(replace(token, name="other"))
    assert read_change(a_record(old, new | {"allowed_networks": attributes.text("10.0.0.0/8 ?")})) is None


def test_family_that_is_revoked_by_the_authorizer_is_flushed(world: World) -> None:
    """The stream tells of every revocation, whichever code writes it."""
    world.configure(ROTATED_TOKEN_REUSE="revoke_family")
    with_rotated_token(world)
    world.start()
    assert changes_decisions(world, handed_on(records_of(world, authorize)))


@pytest.mark.parametrize(("before", "after"), [("", USER), (USER, "")], ids=["promoted", "demoted"])
def test_role_that_changes_at_a_sign_in_is_flushed(world: World, before: str, after: str) -> None:
    """It bounds the scopes that count."""
    world.configure(ADMIN_SUBJECTS=f"{ADMIN},{before}")
    with_token(world)
    world.configure(ADMIN_SUBJECTS=f"{ADMIN},{after}")
    handed = handed_on(records_of(world, lambda world: world.api.get("/v1/me", world.user)))
    assert changes_decisions(world, handed)


def test_rotation_cuts_the_overlap_before_short(world: World) -> None:
    """Both the token and its predecessor are told of; the predecessor's decisions end."""
    with_token_in_its_overlap(world)
    handed = handed_on(records_of(world, rotate))
    assert len([r for r in handed if r["dynamodb"]["Keys"]["sk"]["S"].startswith("T#")]) == 2


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"dynamodb": None},
        {"dynamodb": {"Keys": {"sk": {"S": "#"}}}},
        {"dynamodb": {"Keys": {"sk": {"S": "T#tok_1"}}, "OldImage": {}, "NewImage": {}}},
        {"dynamodb": {"Keys": {"sk": {"S": "?"}}, "OldImage": {}, "NewImage": {}}},
    ],
)
def test_record_that_cannot_be_read_is_expected_to_change_decisions(record: Record) -> None:
    """Rows of another version, or of an unknown writer."""
    assert read_change(record) is None


def test_row_with_a_state_of_tomorrow_cannot_be_read() -> None:
    """A word that this version does not know may mean anything."""
    token = a_token(a_user())
    old, new = items.TOKEN.item(token), items.TOKEN.item(token) | {"state": attributes.text("suspended")}
    assert read_change(a_record(old, new)) is None


def test_attribute_of_tomorrow_is_passed_over() -> None:
    """Rows may gain attributes that decide nothing."""
    token = a_token(a_user())
    old, new = items.TOKEN.item(token), items.TOKEN.item(replace(token, name="other"))
    change = read_change(a_record(old, new | {"colour": attributes.text("green")}))
    assert change is not None
    assert not change.changes_decisions(START + timedelta(days=1))
