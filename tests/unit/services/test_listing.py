"""Lists of tokens: filters, search, orders, and pages that neither skip nor repeat."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidCursor, StoreUnavailable, TooManyToSort
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.domain.users import User, UserStatus
from chalicelib.services.list_orders import Sort
from chalicelib.services.listing import ListTokens, TokenQuery
from tests.support.actors import an_event
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START, FixedClock
from tests.unit.services.stores import BusyStore

DAY = timedelta(days=1)
OWNER = a_user(generation="now")
REVOKED = TokenStatus.REVOKED
REVOKED_BEFORE: dict[str, Any] = {
    "state": TokenState.REVOKED,
    "revocation": Revocation(RevocationReason.OWNER, START - DAY),
}

# Independent of the service: the values that each order compares. Ids break ties, None comes last.
SORTS: tuple[Sort, ...] = get_args(Sort)
KEYS: dict[str, Callable[[Token], Any]] = {
    "created_at": lambda token: token.created_at,
    "last_used_at": lambda token: token.last_used_at,
    "name": lambda token: token.name.casefold(),
    "idle_at": lambda token: None if has_ended(token) else token.idle_at,
    "ends_at": lambda token: end_of(token),
}


def has_ended(token: Token) -> bool:
    """Return True for a token that was revoked or has expired, by its own row."""
    return token.revocation is not None or (token.expires_at or START + DAY) <= START


def end_of(token: Token) -> datetime | None:
    """Return the first end of a token that was never rotated. An idle one can only expire."""
    if token.revocation:
        return token.revocation.at
    idle_at = token.idle_at if token.idle_at > START and not has_ended(token) else None
    return min((end for end in (token.expires_at, idle_at) if end), default=None)


class Shelf:
    """A list over the store in memory."""

    def __init__(self, *tokens: Token, owner: User = OWNER) -> None:
        self.store = BusyStore()
        self.store.put(owner, *tokens)
        self.owner = owner
        self.listing = ListTokens(self.store, FixedClock(), RULES)

    def page(self, **query: Any) -> tuple[list[Token], str | None]:
        """Return one page and its cursor."""
        page = self.listing.page(self.owner, TokenQuery(**query))
        return [view.token for view in page.tokens], page.next_cursor

    def pages(self, meanwhile: Callable[[], None] = lambda: None, **query: Any) -> list[list[Token]]:
        """Return all pages, calling ``meanwhile`` between two of them."""
        tokens, cursor = self.page(**query)
        pages = [tokens]
        while cursor is not None:
            meanwhile()
            tokens, cursor = self.page(**query, cursor=cursor)
            pages.append(tokens)
        return pages


def in_order(tokens: Sequence[Token], sort: str) -> list[Token]:
    """Return the tokens in the order that ``sort`` names."""
    key, descends = KEYS[sort.removeprefix("-")], sort.startswith("-")
    valued = [token for token in tokens if key(token) is not None]
    return [
        *sorted(valued, key=lambda token: (key(token), token.id), reverse=descends),
        *sorted(
            (token for token in tokens if key(token) is None),
            key=lambda token: token.id,
            reverse=descends,
        ),
    ]


def some_tokens(count: int, seed: int = 1) -> list[Token]:
    """Return tokens with many ties in everything but their ids."""
    random = Random(seed)
    return [
        a_token(
            OWNER,
            START - random.randrange(5) * DAY,
            name=random.choice(["ci", "CI", "nightly", "Straße", "STRASSE", "", "東京"]),
            last_used_at=random.choice([None, START, START - DAY]),
            idle_at=START + random.randrange(1, 4) * DAY,
            **random.choice([{}, {}, REVOKED_BEFORE, {"expires_at": START - 2 * DAY}]),
        )
        for _ in range(count)
    ]


def flat(pages: list[list[Token]]) -> list[Token]:
    """Return the tokens of all pages."""
    return [token for page in pages for token in page]


def test_every_order_of_the_contract_exists() -> None:
    """Creation, last use, name and idle deadline, both ways."""
    assert set(SORTS) == {prefix + name for name in KEYS for prefix in ("", "-")}


def test_newest_are_first_unless_asked_otherwise() -> None:
    """The default order and the default limit of 30."""
    tokens = [a_token(OWNER, START - number * DAY) for number in range(31)]
    shelf = Shelf(*reversed(tokens))

    first, cursor = shelf.page()

    assert first == tokens[:30]
    assert shelf.page(cursor=cursor) == ([tokens[30]], None)


@pytest.mark.parametrize("limit", [1, 3, 7, 12, 100])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_hold_every_token_once_in_order(sort: str, limit: int) -> None:
    """Both directions of every order, with ties across the edges of pages."""
    tokens = some_tokens(12)

    pages = Shelf(*tokens).pages(sort=sort, limit=limit)

    assert flat(pages) == in_order(tokens, sort)
    assert all(len(page) == limit for page in pages[:-1])
    assert 0 < len(pages[-1]) <= limit


@pytest.mark.parametrize("sort", SORTS)
def test_more_rows_than_one_read_of_the_store_are_in_order(sort: str) -> None:
    """The store's own pages leave no seam."""
    tokens = some_tokens(450)

    assert flat(Shelf(*tokens).pages(sort=sort, limit=100)) == in_order(tokens, sort)


@pytest.mark.parametrize("rows", [199, 200, 201, 400])
@pytest.mark.parametrize("sort", ["created_at", "name"])
def test_full_read_of_the_store_is_not_the_end(rows: int, sort: str) -> None:
    """At the very edge of the store's page nothing is lost."""
    tokens = some_tokens(rows)

    pages = Shelf(*tokens).pages(sort=sort, limit=50)

    assert flat(pages) == in_order(tokens, sort)


def test_never_used_is_last_in_both_directions() -> None:
    """A token without a last use is neither the longest unused nor the newest used."""
    never, old, fresh = (a_token(OWNER, last_used_at=used) for used in (None, START - 400 * DAY, START))
    shelf = Shelf(fresh, never, old)

    assert shelf.page(sort="last_used_at")[0] == [old, fresh, never]
    assert shelf.page(sort="-last_used_at")[0] == [fresh, old, never]


def test_ended_tokens_have_no_idle_time() -> None:
    """In the order of the idle time they come last in both directions. Idle and paused ones have theirs."""
    soon = a_token(OWNER, idle_at=START + DAY)
    idle = a_token(OWNER, idle_at=START - DAY)
    paused = a_token(OWNER, idle_at=START + 2 * DAY, state=TokenState.INACTIVE)
    expired = a_token(OWNER, idle_at=START - 9 * DAY, expires_at=START)
    revoked = a_token(OWNER, START + DAY, idle_at=START + 9 * DAY, **REVOKED_BEFORE)
    rotated = a_token(OWNER, START + 2 * DAY, idle_at=START + DAY / 2, overlap_ends_at=START)
    shelf = Shelf(revoked, paused, soon, expired, idle, rotated)

    assert shelf.page(sort="idle_at")[0] == [idle, soon, paused, expired, revoked, rotated]
    assert shelf.page(sort="-idle_at")[0] == [paused, soon, idle, rotated, revoked, expired]


def test_order_of_ends_takes_the_first_end_of_each_token() -> None:
    """Idle time, expiry or overlap of those that work, the end of those that ended, and none last."""
    hour = timedelta(hours=1)
    before = Revocation(RevocationReason.USER_DEACTIVATED, START - 4 * hour)
    tokens = [
        a_token(OWNER, name="expired", expires_at=START - 5 * hour),
        a_token(OWNER, name="of an ended generation", generation="before"),
        a_token(OWNER, name="revoked", **REVOKED_BEFORE, expires_at=START + hour),
        a_token(OWNER, name="overlap is over", overlap_ends_at=START - hour),
        a_token(OWNER, name="in its overlap", overlap_ends_at=START + hour, expires_at=START + 2 * hour),
        a_token(OWNER, name="expires", expires_at=START + 2 * hour),
        a_token(OWNER, name="goes idle", idle_at=START + 3 * hour, expires_at=START + 4 * hour),
        a_token(OWNER, name="paused", state=TokenState.INACTIVE, idle_at=START, expires_at=START + DAY),
        a_token(OWNER, name="idle", idle_at=START - DAY),
        a_token(OWNER, name="paused for ever", state=TokenState.INACTIVE, generation="now"),
        a_token(OWNER, name="of an unknown generation", generation="long before"),
    ]
    in_time = ["revoked", "expired", "of an ended generation", "overlap is over", "in its overlap"]
    in_time += ["expires", "goes idle", "paused"]
    without = sorted((token for token in tokens if token.name not in in_time), key=lambda token: token.id)
    shelf = Shelf(*tokens)
    shelf.store.save_user(OWNER, OWNER, an_event(), EndedGeneration("before", before, START + DAY))

    up, down = shelf.page(sort="ends_at")[0], shelf.page(sort="-ends_at")[0]

    assert [token.name for token in up] == in_time + [token.name for token in without]
    assert [token.name for token in down[: len(in_time)]] == in_time[::-1]
    assert down[len(in_time) :] == without[::-1]


def test_order_of_ends_reads_a_bounded_number_of_generations() -> None:
    """Beyond the hundred generations of one call, an end is not known."""
    tokens = [a_token(OWNER, START + n * DAY, generation=f"g{n}") for n in range(120)]
    shelf = Shelf(*tokens)
    for number in range(120):
        revocation = Revocation(RevocationReason.USER_DEACTIVATED, START - number * DAY)
        ended = EndedGeneration(f"g{number}", revocation, START + DAY)
        shelf.store.save_user(OWNER, OWNER, an_event(), ended)

    pages = shelf.pages(sort="ends_at", limit=50)

    assert flat(pages) == [*tokens[99::-1], *tokens[100:]]
    assert shelf.store.calls["find_ended_generations"] == 2 * len(pages)


@pytest.mark.parametrize("sort", ["last_used_at", "-last_used_at", "idle_at", "-idle_at"])
def test_cursor_of_the_last_release_is_refused(sort: str) -> None:
    """Version 0.1 put missing values elsewhere. Its places would repeat or skip tokens here."""
    shelf = Shelf(*some_tokens(3))

    with pytest.raises(InvalidCursor):
        shelf.page(sort=sort, cursor=_cursor(sort, "0001-01-01T00:00:00.000+00:00", ID))


@pytest.mark.parametrize("sort", ["-created_at", "ends_at"])
def test_ended_divides_the_list_in_two(sort: str) -> None:
    """Revoked and expired tokens on one side, all others on the other. An overlap ends by time."""
    live = {
        "active": a_token(OWNER),
        "paused": a_token(OWNER, state=TokenState.INACTIVE),
        "idle": a_token(OWNER, idle_at=START),
        "in its overlap": a_token(OWNER, overlap_ends_at=START + DAY),
    }
    ended = {
        "expired": a_token(OWNER, expires_at=START),
        "revoked": a_token(OWNER, **REVOKED_BEFORE),
        "of an ended generation": a_token(OWNER, generation="before"),
        "overlap is over": a_token(OWNER, overlap_ends_at=START),
    }
    shelf = Shelf(*live.values(), *ended.values())

    for divided, tokens in ((False, live), (True, ended)):
        listed = flat(shelf.pages(sort=sort, ended=divided, limit=3))
        assert {token.id for token in listed} == {token.id for token in tokens.values()}
        assert len(listed) == len(tokens)
    assert shelf.page(sort=sort, ended=True, status=TokenStatus.EXPIRED)[0] == [ended["expired"]]
    assert shelf.page(sort=sort, ended=False, status=TokenStatus.EXPIRED)[0] == []


def test_empty_list_has_one_empty_page() -> None:
    """No tokens, no cursor."""
    for sort in SORTS:
        assert Shelf().page(sort=sort) == ([], None)


def test_exactly_full_page_is_the_last() -> None:
    """No cursor leads to a page with nothing on it."""
    for sort in SORTS:
        assert Shelf(*some_tokens(3)).page(sort=sort, limit=3)[1] is None


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (None, {"active", "paused", "idle", "expired", "revoked", "ended", "paused and expired"}),
        (TokenStatus.ACTIVE, {"active"}),
        (TokenStatus.INACTIVE, {"paused"}),
        (TokenStatus.IDLE, {"idle"}),
        (TokenStatus.EXPIRED, {"expired", "paused and expired"}),
        (REVOKED, {"revoked", "ended"}),
    ],
)
@pytest.mark.parametrize("sort", ["-created_at", "name"])
def test_filter_goes_by_the_status_as_it_is_now(
    sort: Sort, status: TokenStatus | None, names: set[str]
) -> None:
    """Idle, expired and ended with the generation are derived, not stored."""
    shelf = Shelf(
        a_token(OWNER, name="active"),
        a_token(OWNER, name="paused", state=TokenState.INACTIVE),
        a_token(OWNER, name="idle", idle_at=START),
        a_token(OWNER, name="expired", expires_at=START),
        a_token(OWNER, name="revoked", state=TokenState.REVOKED),
        a_token(OWNER, name="ended", generation="before"),
        a_token(OWNER, name="paused and expired", state=TokenState.INACTIVE, expires_at=START),
    )

    page = shelf.listing.page(OWNER, TokenQuery(status=status, sort=sort))

    assert {view.token.name for view in page.tokens} == names
    assert status is None or {view.status for view in page.tokens} == {status}


def test_owners_state_is_in_the_status() -> None:
    """An administrator sees a deactivated user's tokens as inactive."""
    owner = replace(OWNER, status=UserStatus.INACTIVE)
    shelf = Shelf(a_token(owner), owner=owner)

    assert shelf.page(status=TokenStatus.ACTIVE)[0] == []
    assert len(shelf.page(status=TokenStatus.INACTIVE)[0]) == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", {"CI build", "Straße", "東京", "Cafe\u0301", ""}),
        ("ci", {"CI build"}),
        ("I B", {"CI build"}),
        ("strasse", {"Straße"}),
        ("STRASSE", {"Straße"}),
        ("京", {"東京"}),
        ("cafe", {"Cafe\u0301"}),
        ("FÉ", {"Cafe\u0301"}),
        ("%", set()),
        (".*", set()),
    ],
)
def test_search_finds_names_whatever_their_case_and_accents(text: str, names: set[str]) -> None:
    """A part of the name is enough; nothing in the text is a pattern."""
    stored = ("CI build", "Straße", "東京", "Cafe\u0301", "")
    shelf = Shelf(*(a_token(OWNER, name=name) for name in stored))

    assert {token.name for token in shelf.page(text=text)[0]} == names


def test_search_finds_descriptions_and_ids() -> None:
    """A part of the description is enough. An id must be whole and exact."""
    token = a_token(OWNER, name="a", description="Läuft um 02:00, x" + " " * 480 + "end")
    shelf = Shelf(token, a_token(OWNER))

    for text in ("lauft UM", "END", token.id):
        assert shelf.page(text=text) == ([token], None)
    for text in (token.id[:-1], token.id.upper(), token.id[4:], "api:read"):
        assert shelf.page(text=text) == ([], None)


def test_filtered_pages_hold_every_match_once() -> None:
    """Rows that do not match shift no edge of a page."""
    tokens = some_tokens(40)
    shelf = Shelf(*tokens)
    matching = [token for token in tokens if "strasse" in token.name.casefold()]

    for sort in SORTS:
        pages = shelf.pages(sort=sort, text="strasse", limit=3)
        assert flat(pages) == in_order(matching, sort)


def test_tokens_of_others_are_not_listed() -> None:
    """A user's list holds only that user's tokens, whatever the cursor says."""
    other = a_user("other@example.com")
    theirs = [a_token(other, START - DAY), a_token(other, START + DAY)]
    shelf = Shelf(*theirs, a_token(OWNER, START + 2 * DAY), a_token(OWNER))
    _, cursor = Shelf(*theirs, owner=other).page(limit=1)

    assert all(token.user_id == OWNER.id for token in flat(shelf.pages(limit=1)))
    assert all(token.user_id == OWNER.id for token in shelf.page(cursor=cursor)[0])


def test_revoked_tokens_say_when_and_why() -> None:
    """Own revocations first, then the record of the generation; without one nothing is made up."""
    own = Revocation(RevocationReason.OWNER, START - DAY)
    all_at_once = Revocation(RevocationReason.USER_DEACTIVATED, START)
    shelf = Shelf(
        a_token(OWNER, name="own", state=TokenState.REVOKED, revocation=own),
        a_token(OWNER, name="own, then all", state=TokenState.REVOKED, revocation=own, generation="before"),
        a_token(OWNER, name="all", generation="before"),
        a_token(OWNER, name="long ago", generation="long before"),
        a_token(OWNER, name="active"),
    )
    ended = EndedGeneration("before", all_at_once, START + DAY)
    shelf.store.save_user(OWNER, OWNER, an_event(), ended)

    views = shelf.listing.page(OWNER, TokenQuery()).tokens

    assert {view.token.name: view.revocation for view in views} == {
        "own": own,
        "own, then all": own,
        "all": all_at_once,
        "long ago": None,
        "active": None,
    }


def test_generations_of_a_page_are_looked_up_at_once() -> None:
    """A hundred generations are one call, and the present one is not looked up."""
    shelf = Shelf(*(a_token(OWNER, generation=f"g{number}") for number in range(100)), a_token(OWNER))

    shelf.page(limit=101)

    assert shelf.store.calls["find_ended_generations"] == 1


def test_store_that_does_not_answer_is_an_error() -> None:
    """A list that cannot be read is not an empty list."""
    shelf = Shelf(a_token(OWNER))
    shelf.store.broken = {"list_tokens"}

    for sort in SORTS:
        with pytest.raises(StoreUnavailable):
            shelf.page(sort=sort)


moments = st.integers(-5, 5).map(lambda days: START + days * DAY)
names = st.sampled_from(["a", "A", "b", "ß", "ss", "", "😀"])
tokens = st.builds(
    lambda created, name, used, idle: a_token(OWNER, created, name=name, last_used_at=used, idle_at=idle),
    moments,
    names,
    st.none() | moments,
    moments,
)


@given(
    there=st.lists(tokens, max_size=12),
    added=st.lists(st.lists(tokens, max_size=4), max_size=6),
    sort=st.sampled_from(SORTS),
    limit=st.integers(1, 5),
    text=st.sampled_from(["", "s", "a"]),
)
def test_additions_make_no_page_skip_or_repeat(
    there: list[Token], added: list[list[Token]], sort: str, limit: int, text: str
) -> None:
    """Whatever is added anywhere in the order meanwhile, who was there is listed exactly once."""
    shelf = Shelf(*there)
    later = iter(added)

    pages = shelf.pages(lambda: shelf.store.put(*next(later, [])), sort=sort, limit=limit, text=text)

    listed = flat(pages)
    ids = [token.id for token in listed]
    assert len(ids) == len(set(ids))
    assert listed == in_order(listed, sort)
    matching = [token for token in there if text in token.name.casefold()]
    assert [token for token in listed if token in there] == in_order(matching, sort)


@pytest.mark.parametrize("sort", SORTS)
def test_place_stays_when_its_token_is_gone(sort: str) -> None:
    """A cursor names a place, not a row: deleting the last token of a page loses nothing."""
    tokens = in_order(some_tokens(6), sort)
    shelf = Shelf(*tokens)
    _, cursor = shelf.page(sort=sort, limit=2)
    shelf.store.purge(tokens[1])

    assert shelf.page(sort=sort, cursor=cursor)[0] == tokens[2:]


@pytest.mark.parametrize("sort", [sort for sort in SORTS if "created_at" not in sort])
def test_too_long_a_list_is_not_sorted(crowd: list[Token], sort: str) -> None:
    """Beyond 5,000 rows only the order of creation is offered; up to there every one is."""
    with pytest.raises(TooManyToSort):
        Shelf(*crowd).page(sort=sort)

    assert len(Shelf(*crowd[:5_000]).page(sort=sort, limit=100)[0]) == 100


@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
def test_long_list_is_read_in_bounded_steps(crowd: list[Token], sort: str) -> None:
    """A page that finds nothing in many rows ends early. Its cursor continues after them."""
    last = replace(in_order(crowd, sort)[-1], name="needle")
    shelf = Shelf(*crowd, last)

    first, cursor = shelf.page(sort=sort, text="needle")
    pages = [first]
    while cursor:
        assert shelf.store.calls["list_tokens"] <= 39 * len(pages)
        found, cursor = shelf.page(sort=sort, text="needle", cursor=cursor)
        pages.append(found)

    assert pages[:-1] == [[]] * (len(pages) - 1)
    assert pages[-1] == [last]
    assert 3 <= len(pages) <= 6


@pytest.mark.parametrize("limit", [1, 100])
@pytest.mark.parametrize(
    "query",
    [{}, {"text": "zzz"}, {"status": TokenStatus.EXPIRED}, {"sort": "created_at"}, {"sort": "name"}],
)
def test_calls_do_not_depend_on_the_limit(crowd: list[Token], query: dict[str, Any], limit: int) -> None:
    """A page of one costs no more calls than a page of a hundred, and no page more than 40."""
    shelf = Shelf(*crowd[:5_000])

    shelf.page(limit=limit, **query)

    assert sum(shelf.store.calls.values()) <= (2 if query in ({}, {"sort": "created_at"}) else 40)
    assert shelf.store.calls["find_ended_generations"] <= 1


@pytest.mark.parametrize(
    "name", ["x" * 100, "\\" * 100, '"' * 100, "東" * 100, "🧀" * 100, "\u0390" * 100, "\ufb03" * 100]
)
def test_longest_names_have_a_cursor_that_is_accepted(name: str) -> None:
    """Whatever a name of 100 characters holds, its list goes on behind it."""
    one, two = sorted((a_token(OWNER, name=name) for _ in range(2)), key=lambda token: token.id)
    shelf = Shelf(one, two)

    _, cursor = shelf.page(sort="name", limit=1)

    assert cursor is not None
    assert len(cursor) <= 1_000
    assert shelf.page(sort="name", limit=1, cursor=cursor) == ([two], None)


def _cursor(*parts: object) -> str:
    return _encoded(json.dumps(parts).encode())


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


ID = "tok_" + "0" * 36


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "%%%%",
        "é",
        "A",
        "AAAA",
        "A" * 1_001,
        _encoded(b"\xff\xfe\xfd"),
        _encoded(b"[" * 600),
        _encoded(b"1" * 600),
        _encoded(b"null"),
        _encoded(b'"name"'),
        _encoded(b'{"0":"name","1":"","2":""}'),
        _encoded(b"NaN"),
        _cursor(),
        _cursor("name", "a"),
        _cursor("name", "a", ID, "more"),
        _cursor("name", 1, ID),
        _cursor("name", None, ID),
        _cursor("name", "a", None),
        _cursor("name", "a", 5),
        _cursor("name", "a", ""),
        _cursor("name", "a", "tok_x"),
        _cursor("name", "a", ID + " "),
        _cursor("name", "a", "#"),
        _cursor("-name", "a", ID),
        _cursor("idle_at", "a", ID),
        _cursor(["name"], "a", ID),
        _cursor("name", ["a"], ID),
        _cursor("name", "a", [ID]),
    ],
)
def test_cursor_that_is_not_of_this_list_is_refused(cursor: str) -> None:
    """Garbage, another order's cursor and forged members are all one clear error."""
    shelf = Shelf(*some_tokens(3))

    with pytest.raises(InvalidCursor):
        shelf.page(sort="name", cursor=cursor)


@given(st.text(max_size=60) | st.binary(max_size=60).map(_encoded))
def test_no_cursor_whatsoever_breaks_a_list(cursor: str) -> None:
    """Any text is a place, an empty text for none, or a clear error."""
    shelf = Shelf(a_token(OWNER))

    for sort in ("name", "-created_at"):
        try:
            shelf.page(sort=sort, cursor=cursor)
        except InvalidCursor:
            continue


@pytest.mark.parametrize(
    ("sort", "key", "expected"),
    [
        ("name", "", ["a", "b"]),
        ("name", "a", ["b"]),
        ("name", "\ud800", []),
        ("-name", "zzz", ["b", "a"]),
        ("created_at", "ignored", []),
    ],
)
def test_forged_cursor_opens_only_a_place(sort: str, key: str, expected: list[str]) -> None:
    """A caller with an invented, well-formed cursor sees a part of the own list."""
    shelf = Shelf(a_token(OWNER, name="a"), a_token(OWNER, name="b"))
    behind_all = "tok_" + "z" * 36

    listed, _ = shelf.page(sort=sort, cursor=_cursor(sort, key, behind_all))

    assert [token.name for token in listed] == expected


@pytest.fixture(scope="module")
def crowd() -> list[Token]:
    """Return one token more than one call may read."""
    return [a_token(OWNER, _moment(number)) for number in range(5_001)]


def _moment(number: int) -> datetime:
    return START - number * timedelta(seconds=1)


def test_search_through_the_largest_rows_hides_none() -> None:
    """Many long scopes make a row larger than a budget expects. A short page is not the last one."""
    scopes = frozenset(f"{number:02}{'s' * 62}" for number in range(50))
    tokens = [
        a_token(OWNER, name="\U0001f511" * 100, description="\U0001f511" * 500, scopes=scopes)
        for _ in range(200)
    ]
    found = Shelf(*tokens).pages(ended=False, limit=100)
    assert [each.id for page in found for each in page] == sorted(
        (each.id for each in tokens), reverse=True
    )
