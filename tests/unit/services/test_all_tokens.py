"""The tokens of all users, page by page."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidCursor, StoreUnavailable
from chalicelib.domain.ids import new_token_id, user_id_for
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.seen_networks import SeenNetworks
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.domain.users import User, UserStatus
from chalicelib.services.all_tokens import AllTokensQuery, ListAllTokens
from chalicelib.services.listing import ListTokens, TokenQuery
from chalicelib.services.read_budget import MOST_CALLS
from chalicelib.services.user_lists import UserQuery
from tests.support.actors import an_event
from tests.support.builders import ISSUER, RULES, a_token, a_user
from tests.support.clock import START, FixedClock
from tests.unit.services.stores import BusyStore

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
READS = (
    "list_users",
    "list_users",  # an index and a batch
    "find_user",
    "list_tokens",
    "find_ended_of_users",
)


class Company:
    """Many users and their tokens over the store in memory."""

    def __init__(self) -> None:
        self.store = BusyStore()
        self.clock = FixedClock(START + DAY)
        listing = ListTokens(self.store, self.clock, RULES)
        store = self.store
        self.all = ListAllTokens(store, store, store, store, listing, self.clock, RULES)

    def has(self, number: int, tokens: int = 1, **changes: Any) -> list[Token]:
        """Return the tokens of a new user. Users and tokens with higher numbers are newer."""
        made = START + number * SECOND
        owner = a_user(
            f"user{number}@example.com", created_at=made, live_tokens=tokens, name=f"User {number}"
        )
        rows = [a_token(owner, made + n * SECOND, **changes) for n in range(tokens)]
        self.store.put(owner, *rows)
        return rows

    def pages(self, query: AllTokensQuery) -> list[list[str]]:
        """Return the ids on each page, and check that each page keeps to its bounds."""
        pages: list[list[str]] = []
        while True:
            self.store.calls.clear()
            page = self.all.page(query)
            assert sum(self.store.calls[call] for call in READS) <= MOST_CALLS
            assert len(page.tokens) <= query.limit
            pages.append([each.view.token.id for each in page.tokens])
            if page.next_cursor is None:
                return pages
            assert len(page.next_cursor) < 300
            query = replace(query, cursor=page.next_cursor)

    def ids(self, **changes: Any) -> list[str]:
        """Return the ids of all pages."""
        return list(chain(*self.pages(AllTokensQuery(**changes))))


@pytest.fixture
def company() -> Company:
    """Return an empty company."""
    return Company()


def test_tokens_come_by_user_and_age(company: Company) -> None:
    """The newest user is first, and of each user the newest token. Each has its owner."""
    old, new = company.has(1, 3), company.has(2, 2)

    page = company.all.page(AllTokensQuery())

    expected = [token.id for token in (*reversed(new), *reversed(old))]
    assert [each.view.token.id for each in page.tokens] == expected
    assert [each.owner.name for each in page.tokens] == ["User 2"] * 2 + ["User 1"] * 3
    assert page.next_cursor is None


def test_nobody_has_no_tokens(company: Company) -> None:
    """An empty table is one empty page."""
    assert company.pages(AllTokensQuery()) == [[]]
    company.has(1, 0)
    assert company.pages(AllTokensQuery()) == [[]]


@settings(max_examples=40)
@given(
    counts=st.lists(st.integers(0, 7), max_size=70),
    limit=st.integers(1, 9),
    status=st.sampled_from([None, TokenStatus.ACTIVE, TokenStatus.INACTIVE]),
)
def test_pages_neither_skip_nor_repeat(counts: list[int], limit: int, status: TokenStatus | None) -> None:
    """Whatever the numbers of users and tokens, each token that matches is on exactly one page."""
    company = Company()
    expected = []
    for number, count in enumerate(counts):
        paused = number % 3 == 0
        tokens = company.has(number, count, state=TokenState.INACTIVE if paused else TokenState.ACTIVE)
        if status is None or (status is TokenStatus.INACTIVE) is paused:
            expected += [token.id for token in tokens]

    assert company.ids(limit=limit, filter=TokenFilter(status=status)) == expected[::-1]


@pytest.mark.parametrize("at", [0, 1, 4])
def test_changes_between_pages_shift_nothing(company: Company, at: int) -> None:
    """New users and tokens, a token that is gone and one that is revoked leave the others in place."""
    first, second = company.has(1, 4), company.has(2, 4)
    expected = [token.id for token in (*reversed(second), *reversed(first))]
    query = AllTokensQuery(limit=1)
    seen = []
    for step in range(len(expected)):
        page = company.all.page(query)
        seen += [each.view.token.id for each in page.tokens]
        query = replace(query, cursor=page.next_cursor)
        if step == at:
            company.has(3, 2)
            company.store.put(a_token(company.store.read_user(page.tokens[0].owner), START + DAY))
            company.store.forget(page.tokens[0].owner.id, seen[-1])

    assert seen == expected


def test_user_whose_row_is_gone_is_passed_over(company: Company) -> None:
    """A page that was about to go on within the user's tokens goes on with the next user."""
    rest, gone = company.has(1, 2), company.has(2, 3)
    page = company.all.page(AllTokensQuery(limit=1))
    company.store.forget(gone[0].user_id, None)

    following = company.all.page(AllTokensQuery(limit=5, cursor=page.next_cursor))

    assert [each.view.token.id for each in following.tokens] == [t.id for t in reversed(rest)]


def test_page_of_a_rare_match_is_short_and_bounded(company: Company) -> None:
    """Pages may be empty. All of them together find the one token."""
    for number in range(2, 120):
        company.has(number, 2)
    (wanted,) = company.has(1, 1, name="needle")

    pages = company.pages(AllTokensQuery(filter=TokenFilter(text="needle")))

    assert list(chain(*pages)) == [wanted.id]
    assert 2 < len(pages) < 6


def test_users_without_live_tokens_cost_no_query(company: Company) -> None:
    """If only tokens that have not ended can match, the count on the user's row is enough."""
    for number in range(60):
        company.has(number, 0)
    (token,) = company.has(60, 1)

    assert company.ids(filter=TokenFilter(status=TokenStatus.ACTIVE)) == [token.id]
    assert company.store.calls["list_tokens"] == 1


def test_owner_is_found_by_id_and_by_text(company: Company) -> None:
    """A text is looked for as in the search of users: in name, e-mail and subject."""
    first, second = company.has(1, 3), company.has(2, 2)
    company.store.put(replace(company.store.read_user(a_user("user2@example.com")), name="Zoë"))
    ids = [token.id for token in reversed(first)]

    by_id = AllTokensQuery(owner=first[0].user_id, limit=2)
    assert company.pages(by_id) == [ids[:2], ids[2:]]
    assert company.store.calls["list_users"] == 0
    assert company.ids(owner="USER1@") == ids
    assert company.ids(owner="zoe") == [token.id for token in reversed(second)]
    assert company.ids(owner="user2@") == company.ids(owner="zoe")
    assert company.ids(owner="nobody") == []
    assert company.ids(owner=user_id_for(ISSUER, "nobody@example.com")) == []


def test_one_text_finds_tokens_and_owners(company: Company) -> None:
    """A token by its name, all tokens of an owner by a text about the owner, or either by an id."""
    first, second = company.has(1, 3), company.has(2, 2, name="of User 1")
    ids = [token.id for token in (*reversed(second), *reversed(first))]

    assert company.ids(anywhere="user 1", limit=2) == ids
    assert company.ids(anywhere="user1@") == ids[2:]
    assert company.ids(anywhere="OF user") == ids[:2]
    assert company.ids(anywhere="nobody") == []
    by_owner = AllTokensQuery(anywhere=first[0].user_id, limit=2)
    assert company.pages(by_owner) == [ids[2:4], ids[4:]]
    assert company.store.calls["list_users"] == 0
    assert company.pages(AllTokensQuery(anywhere=first[0].id)) == [[first[0].id]]
    assert company.store.calls["list_users"] == company.store.calls["list_tokens"] == 0


def test_token_is_found_by_its_id(company: Company) -> None:
    """The owner of an id that stands in a log. The other filters count too."""
    company.has(1, 2)
    token = company.has(2, 2)[0]
    paused = TokenFilter(status=TokenStatus.INACTIVE)

    page = company.all.page(AllTokensQuery(token_id=token.id))
    assert [(each.owner.id, each.view.token) for each in page.tokens] == [(token.user_id, token)]
    assert company.pages(AllTokensQuery(token_id=token.id, owner="user 2")) == [[token.id]]
    assert company.pages(AllTokensQuery(token_id=token.id, owner="user 1")) == [[]]
    assert company.pages(AllTokensQuery(token_id=token.id, filter=paused)) == [[]]
    for unknown in (new_token_id(START), "", "tok_1", "T#x", token.id + "\n"):
        assert company.pages(AllTokensQuery(token_id=unknown)) == [[]]
    company.store.forget(token.user_id, token.id)
    assert company.pages(AllTokensQuery(token_id=token.id)) == [[]]


def test_index_that_is_ahead_or_behind_finds_nothing(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row counts, not the index."""
    (token,) = company.has(1)
    monkeypatch.setattr(company.store, "find_owner_of", lambda _: user_id_for(ISSUER, "other@example.com"))
    assert company.pages(AllTokensQuery(token_id=token.id)) == [[]]


def test_ended_tokens_show_why_they_ended(company: Company) -> None:
    """A generation's end explains its tokens, and a removed owner's tokens show no addresses."""
    used = SeenNetworks().seen("192.0.2.0/24", START)
    (token,) = company.has(1, networks=used)
    owner = company.store.read_user(a_user("user1@example.com"))
    ended = EndedGeneration(owner.generation, Revocation(RevocationReason.USER_REMOVED, START), START)
    removed = replace(owner, status=UserStatus.REMOVED, generation="next", name="")
    company.store.save_user(owner, removed, an_event(), ended)

    (found,) = company.all.page(AllTokensQuery()).tokens

    assert (found.view.status, found.view.revocation) == (TokenStatus.REVOKED, ended.revocation)
    assert (found.view.token, found.owner.shown_name) == (token.showing(RecordNetworks.OFF), "")


QUERY = AllTokensQuery(limit=1, filter=TokenFilter(text="ci"))
OTHERS: dict[str, AllTokensQuery] = {
    "text": replace(QUERY, filter=TokenFilter(text="c")),
    "status": replace(QUERY, filter=TokenFilter(text="ci", status=TokenStatus.ACTIVE)),
    "unused": replace(QUERY, filter=TokenFilter(text="ci", unused_for=DAY)),
    "expires": replace(QUERY, filter=TokenFilter(text="ci", expires_within=DAY)),
    "idle": replace(QUERY, filter=TokenFilter(text="ci", idle_within=DAY)),
    "without": replace(QUERY, filter=TokenFilter(text="ci", without_expiry=True)),
    "reused": replace(QUERY, filter=TokenFilter(text="ci", reused=False)),
    "refused": replace(QUERY, filter=TokenFilter(text="ci", refused=False)),
    "owner": replace(QUERY, owner="user"),
    "token": replace(QUERY, token_id=new_token_id(START)),
}


@pytest.mark.parametrize("other", OTHERS)
def test_cursor_belongs_to_its_filters(company: Company, other: str) -> None:
    """With other filters it is refused. The limit may change."""
    company.has(1, 3)
    cursor = company.all.page(QUERY).next_cursor

    with pytest.raises(InvalidCursor):
        company.all.page(replace(OTHERS[other], cursor=cursor))
    assert len(company.all.page(replace(QUERY, limit=9, cursor=cursor)).tokens) == 2


def test_cursors_of_other_lists_are_refused(company: Company) -> None:
    """Neither list takes a cursor of another."""
    tokens = company.has(1, 3)
    company.has(2, 3)
    owner = company.store.read_user(a_user("user1@example.com"))
    mine = company.all.page(QUERY).next_cursor
    listing = ListTokens(company.store, company.clock, RULES)
    of_tokens = listing.page(owner, TokenQuery(limit=1)).next_cursor
    of_users = base64.urlsafe_b64encode(owner.position.encode()).decode().rstrip("=")

    for cursor in (of_tokens, of_users):
        with pytest.raises(InvalidCursor):
            company.all.page(replace(QUERY, cursor=cursor))
    with pytest.raises(InvalidCursor):
        listing.page(owner, TokenQuery(cursor=mine))
    assert UserQuery(None, "", 1, of_users).cursor
    assert tokens


def forged(*parts: object) -> str:
    """Return a cursor with these parts."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


POSITION = f"{0:015d}#{user_id_for(ISSUER, 'user1@example.com')}"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "=",
        "a" * 1_001,
        forged(),
        forged(QUERY.seal, POSITION),
        forged(QUERY.seal, POSITION, "", ""),
        forged(QUERY.seal, POSITION, None),
        forged(QUERY.seal, POSITION, 1),
        forged(QUERY.seal, POSITION, "tok_1"),
        forged(QUERY.seal, POSITION, "T#~"),
        forged(QUERY.seal, "", ""),
        forged(QUERY.seal, "9" * 16, ""),
        forged(QUERY.seal, f"{POSITION}\n", ""),
        forged(QUERY.seal, [POSITION], ""),
        forged("", POSITION, ""),
        forged([QUERY.seal], POSITION, ""),
        base64.urlsafe_b64encode(b"[" * 400).decode(),
        base64.urlsafe_b64encode(b'{"a": 1}').decode().rstrip("="),
    ],
)
def test_senseless_cursor_is_refused(company: Company, cursor: str) -> None:
    """It is refused before anything is read."""
    company.has(1, 2)
    with pytest.raises(InvalidCursor):
        company.all.page(replace(QUERY, cursor=cursor))
    assert not company.store.calls


def test_made_up_cursor_reaches_no_other_owner(company: Company) -> None:
    """A cursor is a place, not a right. The filter by owner holds wherever the page begins."""
    company.has(1, 3)
    other = company.has(2, 3)
    query = AllTokensQuery(owner=user_id_for(ISSUER, "user1@example.com"))
    owner: User = company.store.read_user(a_user("user2@example.com"))
    cursor = forged(query.seal, owner.position, other[-1].id)

    assert company.all.page(replace(query, cursor=cursor)).tokens == []


@pytest.mark.parametrize("call", ["list_users", "list_tokens", "find_ended_of_users"])
def test_store_that_does_not_answer_is_an_error(company: Company, call: str) -> None:
    """A page is never quietly incomplete."""
    company.has(1, 2, generation="before")
    company.store.broken = {call}

    with pytest.raises(StoreUnavailable):
        company.all.page(AllTokensQuery())
