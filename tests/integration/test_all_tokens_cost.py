"""A page of the tokens of all users has a bound in calls and in read units, whatever the rows are."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.tokens import TokenStatus
from chalicelib.services.all_tokens import AllTokensQuery
from tests.benchmarks.capacity import read_units
from tests.support.dynamodb import moto_cloud
from tests.support.metered_rows import Company, a_heavy_token, an_owner


class Tokens(Company):
    """The tokens of a company."""

    def walk(self, query: AllTokensQuery) -> tuple[list[str], int]:
        """Return the ids of all pages and the number of pages. Check what each page costs."""

        def page(cursor: str | None) -> tuple[Sequence[str], str | None]:
            page = self.service.all_tokens.page(replace(query, cursor=cursor))
            return [each.view.token.id for each in page.tokens], page.next_cursor

        pages = self.pages(page)
        return [token_id for ids in pages for token_id in ids], len(pages)


@pytest.fixture
def company() -> Iterator[Tokens]:
    """Return an empty company."""
    with moto_cloud() as cloud:
        yield Tokens(cloud)


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
def test_many_small_users(company: Tokens, wanted: TokenFilter, limit: int) -> None:
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
def test_many_generations(company: Tokens, wanted: TokenFilter) -> None:
    """Each token may need the record of another ended generation."""
    owner = an_owner(1, generation="now")
    tokens = [a_heavy_token(owner, n, generation=f"generation-{n:05d}") for n in range(250)]
    company.put(owner, *tokens)

    ids, _ = company.walk(AllTokensQuery(filter=wanted, limit=100))
    assert ids == [token.id for token in reversed(tokens)]


def test_one_text_for_names_and_owners_keeps_to_the_bounds(company: Tokens) -> None:
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


def test_users_without_live_tokens_are_passed_over(company: Tokens) -> None:
    """Their rows are read, 25 at once, and no token is asked for."""
    for number in range(200):
        company.put(an_owner(number, live_tokens=0))

    ids, pages = company.walk(AllTokensQuery(filter=TokenFilter(status=TokenStatus.ACTIVE)))
    assert (ids, pages) == ([], 2)


def test_token_is_found_by_its_id_in_few_reads(company: Tokens) -> None:
    """Whatever the number of users: the index, and one batch of the token and its owner."""
    owner = an_owner(1)
    token = a_heavy_token(owner, 1)
    company.put(owner, token)

    assert company.walk(AllTokensQuery(token_id=token.id)) == ([token.id], 1)
    assert [operation for operation, _ in company.meter.calls] == ["Query", "BatchGetItem"]
