"""The sweep over DynamoDB: its changes end no cached decision, and meet changes of others."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.stream import read_change
from chalicelib.domain.changes import Effect
from chalicelib.domain.ids import new_generation, new_token_id
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.rotation import rotation_of, successor_of
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetworks
from chalicelib.domain.tokens import Token
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START, FixedClock
from tests.support.dynamodb import Cloud, CloudService, moto_cloud
from tests.support.stream import handed_on, records_between

LATER = START + timedelta(hours=1)
DAY = timedelta(days=1)
OWNER = a_user()


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Return an empty table."""
    with moto_cloud() as cloud:
        yield cloud


def every_kind() -> list[Token]:
    """Return a token of each state that a pattern of the stream looks for, with networks."""
    seen = SeenNetworks().seen("192.0.2.0/24", START)
    refused = RefusedUses(3, START, RefusedReason.REVOKED, "192.0.2.0/24")
    active = a_token(OWNER, networks=seen, refused=refused)

    def another() -> Token:
        return replace(active, id=new_token_id(START))

    rotated = another()
    made = rotation_of(
        rotated, None, successor_of(rotated, new_token_id(START), START, RULES), timedelta(days=3), RULES
    )
    return [
        active,
        another().paused(START),
        another().revoked(RevocationReason.OWNER, START, RULES),
        made.rotated.after,
        replace(another(), allowed_networks=allowed_networks(["192.0.2.0/24"])),
    ]


def test_changes_of_the_sweep_flush_no_cache(cloud: Cloud) -> None:
    """Patterns may pass its records on to the flusher, which finds no change of a decision in them."""
    ended = EndedGeneration(OWNER.generation, Revocation(RevocationReason.USER_REMOVED, LATER), LATER)
    removed = OWNER.removed(LATER, new_generation())
    user = items.USER.item(removed)
    generation = {
        "pk": user["pk"],
        "sk": {"S": f"G#{OWNER.generation}"},
        **items.ENDED_GENERATION.item(ended),
    }
    rows = [items.TOKEN.item(token) for token in every_kind()]
    for row in [user, generation, *rows]:
        old = {name: each for name, each in row.items() if not name.startswith("by_")}
        cloud.dynamodb.put_item(TableName=cloud.table, Item=old)
    before = cloud.rows()
    CloudService(cloud, FixedClock()).sweep(START + DAY)
    records = records_between(before, cloud.rows())

    assert len([r for r in records if r["eventName"] == "MODIFY"]) == len(rows)
    passed_on = handed_on(records)
    assert {r["dynamodb"]["Keys"]["sk"]["S"][:2] for r in passed_on} == {"T#"}
    for record in passed_on:
        change = read_change(record)
        assert change is not None
        assert change.effect(LATER) is Effect.NONE
        assert "by_pk" in record["dynamodb"]["NewImage"]
        assert "networks" not in record["dynamodb"]["NewImage"]


def test_walk_does_what_is_due_in_one_pass(cloud: Cloud) -> None:
    """A second walk on the next day writes no token."""
    for row in [items.USER.item(OWNER), *(items.TOKEN.item(token) for token in every_kind())]:
        old = {name: each for name, each in row.items() if not name.startswith("by_")}
        cloud.dynamodb.put_item(TableName=cloud.table, Item=old)
    clock = FixedClock()
    service = CloudService(cloud, clock)
    assert service.sweep(clock.now() + DAY).walk.ended_at
    rows = cloud.rows()
    clock.advance(DAY)
    assert service.sweep(clock.now() + DAY).walk.ended_at
    assert [r for r in cloud.rows() if r["pk"]["S"] != "SWEEP"] == [
        r for r in rows if r["pk"]["S"] != "SWEEP"
    ]
    assert all("by_pk" in row for row in rows if row["sk"]["S"].startswith("T#"))
