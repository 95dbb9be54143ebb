"""A page of a search in creation order has a bound in calls and in read units, whatever the rows are."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.tokens import TokenStatus
from chalicelib.services.listing import TokenQuery
from chalicelib.services.user_lists import UserQuery
from tests.support.builders import a_token
from tests.support.clock import START
from tests.support.dynamodb import moto_cloud
from tests.support.metered_rows import SECOND, Company, a_heavy_token, an_owner

OWNER = an_owner(1, generation="now")


@pytest.fixture
def company() -> Iterator[Company]:
    """Return an empty company."""
    with moto_cloud() as cloud:
        yield Company(cloud)


def listed(company: Company, **query: Any) -> list[Sequence[str]]:
    """Return the ids on each page of the owner's tokens."""

    def page(cursor: str | None) -> tuple[Sequence[str], str | None]:
        page = company.service.listing.page(OWNER, replace(TokenQuery(**query), cursor=cursor))
        return [view.token.id for view in page.tokens], page.next_cursor

    return company.pages(page)


def found(company: Company, text: str) -> list[Sequence[str]]:
    """Return the ids on each page of users."""

    def page(cursor: str | None) -> tuple[Sequence[str], str | None]:
        page = company.service.administer.page(UserQuery(None, text, 30, cursor))
        return [user.id for user in page.users], page.next_cursor

    return company.pages(page)


@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ({"text": "nothing"}, False),
        ({"status": TokenStatus.EXPIRED}, False),
        ({"ended": False, "limit": 100}, True),
        ({"ended": False, "limit": 7}, True),
    ],
    ids=["none", "no status", "all", "seven at once"],
)
def test_heavy_rows(company: Company, sort: str, query: dict[str, Any], *, is_found: bool) -> None:
    """The read units end a page of rows that are as long as rows get. None is skipped or repeated."""
    tokens = [a_heavy_token(OWNER, n, overlap_ends_at=None) for n in range(120)]
    company.put(OWNER, *tokens)

    pages = listed(company, sort=sort, **query)

    ids = [token.id for token in tokens]
    expected = ids if sort == "created_at" else ids[::-1]
    assert [each for page in pages for each in page] == (expected if is_found else [])
    assert len(pages) == (18 if query.get("limit") == 7 else 2)


def test_small_rows_fill_pages_by_their_size(company: Company) -> None:
    """A page pays for the bytes that it read. So a search reads many more small rows than heavy ones."""
    company.put(OWNER, *(a_token(OWNER, START + n * SECOND) for n in range(500)))

    assert listed(company, text="nothing") == [[]]


def test_each_ended_generation_is_paid(company: Company) -> None:
    """Each token may need the record of another ended generation."""
    tokens = [a_token(OWNER, START + n * SECOND, generation=f"generation-{n:05d}") for n in range(110)]
    company.put(OWNER, *tokens)

    pages = listed(company, ended=True, limit=100)

    assert [each for page in pages for each in page] == [token.id for token in reversed(tokens)]
    assert len(pages) == 2


def test_search_of_users(company: Company) -> None:
    """Each user costs a whole read, so the read units end a page. Its cursor continues."""
    for number in range(200):
        company.put(an_owner(number, name="Needle" if number == 0 else "Other"))

    pages = found(company, "needle")

    assert [len(page) for page in pages] == [0, 1]
    # Pairs of a query of the index and a read of the rows.
    assert len(company.meter.calls) <= 4
