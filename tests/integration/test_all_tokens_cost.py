"""A page of the tokens of all users has a bound in calls and in read units, whatever the rows are."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetworks
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.domain.users import User
from chalicelib.services.all_tokens import AllTokensQuery
from chalicelib.services.read_budget import MOST_CALLS, MOST_READ_UNITS
from tests.benchmarks.capacity import read_units
from tests.support.builders import a_token, a_user
from tests.support.clock import START, FixedClock
from tests.support.dynamodb import Cloud, CloudService, moto_cloud

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

    def walk(self, query: AllTokensQuery) -> tuple[list[str], int]:
        """Return the ids of all pages and the number of pages. Check what each page costs."""
        ids: list[str] = []
        pages = 0
        while True:
            self.meter.calls.clear()
            page = self.service.all_tokens.page(query)
            assert len(self.meter.calls) <= MOST_CALLS <= 40
            assert sum(units for _, units in self.meter.calls) <= MOST_READ_UNITS <= 100
            ids += [each.view.token.id for each in page.tokens]
            pages += 1
            if page.next_cursor is None:
                return ids, pages
            query = replace(query, cursor=page.next_cursor)


@pytest.fixture
def company() -> Iterator[Company]:
    """Return an empty company."""
    with moto_cloud() as cloud:
        yield Company(cloud)


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


def test_rows_are_within_the_assumed_size() -> None:
    """A page's budget counts on it: a token and a user in half a read unit each."""
    owner = an_owner(1)

    def units(item: Any) -> float:
        return read_units("Query", {}, {"Items": [item]})

    assert units(items.TOKEN.item(a_heavy_token(owner, 1))) == 0.5
    assert units(items.USER.item(owner)) == 0.5


@pytest.mark.parametrize("limit", [1, 100])
@pytest.mark.parametrize(
    "wanted",
    [TokenFilter(), TokenFilter(status=TokenStatus.ACTIVE), TokenFilter(text="nothing")],
    ids=["all", "active", "none"],
)
def test_many_small_users(company: Company, wanted: TokenFilter, limit: int) -> None:
    """One query for each user with tokens, so the calls are what ends a page."""
    expected = []
    for number in range(30 if limit == 1 else 90):
        owner = an_owner(number)
        token = a_heavy_token(owner, number)
        company.put(owner, token)
        expected.append(token.id)

    ids, pages = company.walk(AllTokensQuery(filter=wanted, limit=limit))
    assert ids == ([] if wanted.text else expected[::-1])
    assert pages <= (32 if limit == 1 else 4)


@pytest.mark.parametrize("wanted", [TokenFilter(), TokenFilter(reused=True)], ids=["all", "filtered"])
def test_many_generations(company: Company, wanted: TokenFilter) -> None:
    """Each token may need the record of another ended generation."""
    owner = an_owner(1, generation="now")
    tokens = [a_heavy_token(owner, n, generation=f"generation-{n:05d}") for n in range(250)]
    company.put(owner, *tokens)

    ids, _ = company.walk(AllTokensQuery(filter=wanted, limit=100))
    assert ids == [token.id for token in reversed(tokens)]


def test_one_text_for_names_and_owners_keeps_to_the_bounds(company: Company) -> None:
    """A text that only the last owner has is looked for in every row, page by page."""
    for number in range(2, 60):
        owner = an_owner(number)
        company.put(owner, a_heavy_token(owner, number))
    owner = an_owner(1, name="Needle")
    token = a_heavy_token(owner, 1)
    company.put(owner, token)

    ids, pages = company.walk(AllTokensQuery(anywhere="needle"))
    assert (ids, pages) == ([token.id], 2)
    assert company.walk(AllTokensQuery(anywhere=token.id)) == ([token.id], 1)
    assert [operation for operation, _ in company.meter.calls] == ["Query", "BatchGetItem"]


def test_users_without_live_tokens_are_passed_over(company: Company) -> None:
    """Their rows are read, 25 at once, and no token is asked for."""
    for number in range(200):
        company.put(an_owner(number, live_tokens=0))

    ids, pages = company.walk(AllTokensQuery(filter=TokenFilter(status=TokenStatus.ACTIVE)))
    assert (ids, pages) == ([], 2)


def test_token_is_found_by_its_id_in_few_reads(company: Company) -> None:
    """Whatever the number of users: the index, and one batch of the token and its owner."""
    owner = an_owner(1)
    token = a_heavy_token(owner, 1)
    company.put(owner, token)

    assert company.walk(AllTokensQuery(token_id=token.id)) == ([token.id], 1)
    assert [operation for operation, _ in company.meter.calls] == ["Query", "BatchGetItem"]
