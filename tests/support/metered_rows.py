"""Rows in moto, as heavy as rows get, and a client that counts what reads cost."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetworks
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services.read_budget import MOST_CALLS, MOST_READ_UNITS
from tests.benchmarks.capacity import read_units
from tests.support.builders import a_token, a_user
from tests.support.clock import START, FixedClock
from tests.support.dynamodb import Cloud, CloudService

SECOND = timedelta(seconds=1)
OPERATIONS = {"get_item": "GetItem", "query": "Query", "batch_get_item": "BatchGetItem"}


class Metered:
    """A client that counts its reads and what they cost."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[tuple[str, float]] = []

    def __getattr__(self, name: str) -> Any:
        """Return a call of the client. Only the reads of the walk exist, so that a Scan fails."""
        operation, call = OPERATIONS[name], getattr(self._client, name)

        def counted(**request: Any) -> Any:
            answer = call(**request)
            whole = answer
            if request.get("Select") == "COUNT":
                # It reads the rows that it counts.
                values = request["ExpressionAttributeValues"]
                same = {n: v for n, v in request.items() if n not in {"Select", "FilterExpression"}}
                whole = call(**same | {"ExpressionAttributeValues": {":pk": values[":pk"]}})
            self.calls.append((operation, read_units(operation, request, whole)))
            return answer

        return counted


class Company:
    """Rows in moto, and the service over a metered client."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.meter = Metered(cloud.dynamodb)
        metered = replace(cloud, dynamodb=cast("Any", self.meter))
        self.service = CloudService(metered, FixedClock(START + timedelta(days=1)))

    def put(self, owner: User, *tokens: Token) -> None:
        """Write rows directly."""
        table = self._cloud.dynamodb
        for item in (items.USER.item(owner), *map(items.TOKEN.item, tokens)):
            table.put_item(TableName=self._cloud.table, Item=item)
        for generation in {t.generation for t in tokens} - {owner.generation}:
            ended = EndedGeneration(generation, Revocation(RevocationReason.ADMIN, START), START)
            key = primary_keys.generation_key(owner.id, generation)
            item = key | items.ENDED_GENERATION.item(ended)
            table.put_item(TableName=self._cloud.table, Item=item)

    def pages(self, page: Callable[[str | None], tuple[Sequence[str], str | None]]) -> list[Sequence[str]]:
        """Return the ids of each page. ``page`` reads one after a cursor. Check what each page costs."""
        pages: list[Sequence[str]] = []
        cursor = None
        while True:
            self.meter.calls.clear()
            ids, cursor = page(cursor)
            assert len(self.meter.calls) <= MOST_CALLS <= 40
            assert sum(units for _, units in self.meter.calls) <= MOST_READ_UNITS <= 100
            pages.append(ids)
            if cursor is None:
                return pages


def an_owner(number: int, **changes: Any) -> User:
    """Return a user with long texts."""
    long = {"name": "ü" * 100, "email": f"{'e' * 240}@example.com", "live_tokens": 1}
    return a_user(f"{number:0255d}", created_at=START + number * SECOND, **long | changes)


def a_heavy_token(owner: User, number: int, **changes: Any) -> Token:
    """Return a token whose row is as long as rows get."""
    seen = SeenNetworks()
    for n in range(5):
        seen = seen.seen(f"2001:db8:{n:x}::/48", START + n * SECOND, 10**6)
    days = {(START - timedelta(days=n)).date(): 10**6 for n in range(30)}
    heavy = {
        # Four bytes each in UTF-8.
        "name": "😀" * 100,
        "description": "😀" * 500,
        "usage": days,
        "networks": seen,
        "refused": RefusedUses(10**6, START, RefusedReason.NETWORK, "2001:db8:7::/48"),
        "allowed_networks": allowed_networks([f"2001:db8:{n:x}::/48" for n in range(10)]),
        "predecessor_id": new_token_id(START),
        "successor_id": new_token_id(START),
        "family_id": new_token_id(START),
        "line_id": new_token_id(START),
        "lifetime_began_at": START,
        "overlap_ends_at": START + timedelta(days=90),
        "reuse_count": 10**6,
        "last_reused_at": START,
    }
    return a_token(owner, START + number * SECOND, **heavy | changes)
