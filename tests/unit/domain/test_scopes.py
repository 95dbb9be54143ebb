"""Scopes: what a new token gets, what is left of it, and what it opens."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InsufficientScope, InvalidScope, PathTooLong, ScopeNotAllowed
from chalicelib.domain.scopes import (
    DEFAULT_CATALOGUE,
    EVERYTHING,
    MAX_PATH_LENGTH,
    METHODS,
    Route,
    Scope,
    ScopeCatalogue,
    parse_scope,
    write_scope,
)
from chalicelib.domain.users import Role

READ, WRITE = "api:read", "api:write"
ORDERS = ScopeCatalogue(
    [
        Scope("orders:read", "Read orders", [Route("GET", "/orders"), Route("GET", "/orders/*")]),
        Scope("orders:write", "Change orders", [Route("*", "/orders/*"), Route("GET", "/orders")]),
        Scope("audit", "Read the audit log", [Route("GET", "/audit")], frozenset({Role.ADMIN})),
    ]
)


@pytest.mark.parametrize("names", [[READ], [WRITE], [WRITE, READ], [READ, READ]])
def test_known_scopes_are_granted(names: list[str]) -> None:
    """Order and repetition carry no meaning."""
    assert DEFAULT_CATALOGUE.granted(names, Role.USER) == frozenset(names)


@pytest.mark.parametrize(
    "names", [[], ["api:admin"], [READ, "api:admin"], ["API:READ"], [""], [f"{READ} "]]
)
def test_unknown_or_no_scopes_are_refused_with_the_known_ones(names: list[str]) -> None:
    """A token without scopes, or with an unknown one, is never created."""
    with pytest.raises(InvalidScope, match=": api:read, api:write"):
        DEFAULT_CATALOGUE.granted(names, Role.USER)


def test_a_token_without_named_scopes_gets_what_every_role_may_have() -> None:
    """An administrator's token has only the scopes that were requested."""
    assert DEFAULT_CATALOGUE.granted(None, Role.USER) == {READ, WRITE}
    assert ORDERS.granted(None, Role.ADMIN) == {"orders:read", "orders:write"}


def test_a_catalogue_without_scopes_for_all_has_no_defaults() -> None:
    """Then they must be named."""
    only_admins = ScopeCatalogue([Scope("audit", "Audit", [EVERYTHING], frozenset({Role.ADMIN}))])

    with pytest.raises(InvalidScope, match=": audit"):
        only_admins.granted(None, Role.ADMIN)


def test_a_scope_is_granted_to_its_roles_only() -> None:
    """The refusal names the scope. A request without scopes does not reveal scopes of other roles."""
    assert ORDERS.granted(["audit"], Role.ADMIN) == {"audit"}
    with pytest.raises(ScopeNotAllowed, match="audit"):
        ORDERS.granted(["audit", "orders:read"], Role.USER)
    with pytest.raises(InvalidScope, match=r": orders:read, orders:write\.$"):
        ORDERS.granted([], Role.USER)


@pytest.mark.parametrize(
    ("scopes", "role", "left"),
    [
        ({"audit", "orders:read"}, Role.ADMIN, {"audit", "orders:read"}),
        ({"audit", "orders:read"}, Role.USER, {"orders:read"}),
        ({"audit"}, Role.USER, set()),
        ({"no longer configured"}, Role.ADMIN, set()),
    ],
)
def test_what_counts_is_what_the_owner_may_have_today(scopes: set[str], role: Role, left: set[str]) -> None:
    """A role that was lowered, or a scope that was taken out, takes effect on tokens made before."""
    assert ORDERS.effective(frozenset(scopes), role) == left


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [(set(), ""), ({READ}, READ), ({WRITE, READ}, "api:read api:write")],
)
def test_scopes_are_written_sorted(scopes: set[str], expected: str) -> None:
    """The same scopes are always the same string."""
    assert write_scope(frozenset(scopes)) == expected


# scope-token (RFC 6749 section 3.3).
SCOPE_TOKENS = st.frozensets(st.from_regex(r"[\x21\x23-\x5b\x5d-\x7e]{1,20}", fullmatch=True), max_size=10)


@given(SCOPE_TOKENS)
def test_scopes_come_back_from_their_scope_string(scopes: frozenset[str]) -> None:
    """Parsing undoes writing, for each set of scopes that the grammar allows."""
    assert parse_scope(write_scope(scopes)) == scopes


@given(st.lists(st.sampled_from(["a", "b:c", " ", "  "])).map(" ".join))
def test_order_repetition_and_spaces_do_not_matter(scope: str) -> None:
    """One set of scopes has one scope string."""
    scopes = parse_scope(scope)

    assert parse_scope(write_scope(scopes)) == scopes
    assert write_scope(scopes) == " ".join(sorted({"a", "b:c"} & set(scope.split(" "))))


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (set(), []),
        ({READ}, [Route("GET", "/*"), Route("HEAD", "/*"), Route("OPTIONS", "/*")]),
        ({WRITE}, [EVERYTHING]),
        ({READ, WRITE}, [EVERYTHING]),
        ({"api:unknown"}, []),
    ],
)
def test_default_scopes_open_methods_on_every_path(scopes: set[str], expected: list[Route]) -> None:
    """Reading opens the safe methods, writing all of them, anything else nothing."""
    assert list(DEFAULT_CATALOGUE.routes(frozenset(scopes))) == expected


def test_routes_are_listed_once_and_with_their_methods() -> None:
    """``*`` as a method is written out: in a policy it would match slashes too."""
    routes = ORDERS.routes(frozenset({"orders:read", "orders:write"}))

    assert len(routes) == len(set(routes)) == len(METHODS) + 1
    assert set(routes) == {Route("GET", "/orders"), *(Route(method, "/orders/*") for method in METHODS)}


@pytest.mark.parametrize(
    ("scopes", "method", "path", "needed"),
    [
        ({"orders:read"}, "GET", "/orders/7", None),
        ({"orders:write"}, "GET", "/orders/7", None),
        ({"orders:read"}, "PUT", "/orders/7", "orders:write"),
        ({"orders:write"}, "GET", "/audit", "audit"),
        (set(), "GET", "/orders", "orders:read"),
    ],
)
def test_a_request_needs_a_scope_that_opens_it(
    scopes: set[str], method: str, path: str, needed: str | None
) -> None:
    """The refusal names the first scope that would do."""
    if needed is None:
        ORDERS.require(frozenset(scopes), method, path)
        return
    with pytest.raises(InsufficientScope) as caught:
        ORDERS.require(frozenset(scopes), method, path)
    assert caught.value.scope == needed
    assert needed in caught.value.detail


def test_what_no_scope_opens_is_refused_to_all() -> None:
    """The error does not name a scope then."""
    with pytest.raises(InsufficientScope) as caught:
        ORDERS.require(frozenset({"audit", "orders:write"}), "GET", "/elsewhere")
    assert caught.value.scope is None


def matches_as_before(pattern: str, path: str) -> bool:
    """Return what the expression of version 0.1 said: right, but slow for many stars."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), path, re.DOTALL))


@given(
    pattern=st.text(alphabet="ab/*", max_size=9).map(lambda text: f"/{text}"),
    path=st.text(alphabet="ab/*\n", max_size=12).map(lambda text: f"/{text}"),
)
def test_patterns_mean_what_they_meant(pattern: str, path: str) -> None:
    """``*`` stands for any text: none, slashes, line breaks and stars included."""
    assert Route("GET", pattern).covers("GET", path) is matches_as_before(pattern, path)


@given(
    parts=st.lists(st.sampled_from(["/a", "a", "ab", "/", "aba", ""]), min_size=1, max_size=6),
    texts=st.lists(st.sampled_from(["", "a", "b", "/ab", "abab"]), min_size=6, max_size=6),
    end=st.sampled_from(["", "a", "/"]),
)
def test_patterns_mean_what_they_meant_for_paths_that_fit(
    parts: list[str], texts: list[str], end: str
) -> None:
    """Paths that are made from the pattern match it, unless what follows them does not fit."""
    path = "".join(part + text for part, text in zip(parts, texts, strict=False)) + end
    pattern = "*".join(parts)
    assert Route("GET", pattern).covers("GET", path) is matches_as_before(pattern, path)


class CountedPath(str):
    """A path that counts how many of its characters are looked at."""

    looks = 0

    def find(self, part: str, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        """Find as strings do; a search looks at all up to the end of what it finds."""
        found = super().find(part, start, end)
        until = found + len(part) if found >= 0 else len(self) if end is None else end
        CountedPath.looks += until - start
        return found

    def startswith(self, part: str) -> bool:  # type: ignore[override]
        """Compare the start."""
        CountedPath.looks += len(part)
        return super().startswith(part)

    def endswith(self, part: str) -> bool:  # type: ignore[override]
        """Compare the end."""
        CountedPath.looks += len(part)
        return super().endswith(part)


MANY_STARS = "/tenants/*/orders/*/lines/*/notes/*/x"


@pytest.mark.parametrize(
    ("pattern", "filler"),
    [
        (MANY_STARS, "/orders/lines/notes"),
        (MANY_STARS, "/orders/1/lines/2/notes/3"),
        ("/*" * 100 + "x", "/"),
        ("*a" * 100 + "x", "a"),
        ("*aa" * 50 + "b*", "a"),
        ("/*" + "a" * 100 + "b*c", "a"),
    ],
)
def test_each_character_is_looked_at_once(pattern: str, filler: str) -> None:
    """Many stars and a path that almost fits cost no more than a path that fits at once."""
    for repeats in (1, 10, 100):
        path = CountedPath("/tenants/" + filler * repeats)
        CountedPath.looks = 0
        Route("GET", pattern).covers("GET", path)
        assert CountedPath.looks <= len(path) + 2 * len(pattern)


def test_only_the_scopes_of_the_token_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token with one scope costs what its scope opens, however many scopes there are."""
    tried: list[str] = []
    covers = Route.covers

    def counted(route: Route, method: str, path: str) -> bool:
        tried.append(route.path)
        return covers(route, method, path)

    monkeypatch.setattr(Route, "covers", counted)
    many = ScopeCatalogue([Scope(f"s{n}", "S", [Route("GET", f"/s{n}/*")]) for n in range(50)])

    assert many.opens(frozenset({"s7"}), "GET", "/s7/x")
    assert not many.opens(frozenset({"s7"}), "GET", "/s8/x")
    many.require(frozenset({"s7"}), "GET", "/s7/x")
    assert tried == ["/s7/*"] * 3


def test_paths_longer_than_gateways_send_are_refused() -> None:
    """The refusal says so, even if a scope opens everything."""
    everything = frozenset({WRITE})
    longest = "/" + "a" * (MAX_PATH_LENGTH - 1)
    DEFAULT_CATALOGUE.require(everything, "GET", longest)
    for judge in (DEFAULT_CATALOGUE.require, DEFAULT_CATALOGUE.opens):
        with pytest.raises(PathTooLong, match="too long"):
            judge(everything, "GET", longest + "a")


@pytest.mark.parametrize(
    ("opened", "written"),
    [
        ([Route("*", "/*/report")], [Route("*", "/*/report")]),
        ([Route("*", "/*")], [EVERYTHING]),
        ([Route("*", "/orders/*")], [Route(method, "/orders/*") for method in METHODS]),
        ([Route("GET", "/orders/7"), Route("GET", "/orders/*")], [Route("GET", "/orders/*")]),
        ([Route("GET", "/a/*"), Route("GET", "/a/*/b/*"), Route("GET", "/a/b")], [Route("GET", "/a/*")]),
        ([Route("GET", "/a/*"), Route("PUT", "/a/b")], [Route("GET", "/a/*"), Route("PUT", "/a/b")]),
        ([Route("GET", "/a*"), Route("GET", "/a**")], [Route("GET", "/a*")]),
        ([Route("GET", "/a**"), Route("GET", "/a*")], [Route("GET", "/a**")]),
        ([Route("GET", "/x/report"), Route("*", "/*/report")], [Route("*", "/*/report")]),
    ],
)
def test_a_policy_has_no_route_that_another_covers(opened: list[Route], written: list[Route]) -> None:
    """``*`` as a method is kept if it cannot reach further than the path does anyway."""
    assert list(ScopeCatalogue([Scope("s", "S", opened)]).routes(frozenset({"s"}))) == written


A_READ = Scope("a:read", "A", [Route("GET", "/a/*")])
A_WRITE = Scope("a:write", "A", [Route("*", "/a/*")])
A_SEND = Scope("a:send", "A", [Route("POST", "/a/x")])
B_READ = Scope("b:read", "B", [Route("GET", "/b/*"), Route("HEAD", "/b/*")])
ALL_READ = Scope("all:read", "All", [Route("GET", "/*"), Route("HEAD", "/*")])
ALL = Scope("all", "All", [EVERYTHING])
AUDIT = Scope("audit", "Audit", [Route("GET", "/audit")], frozenset({Role.ADMIN}))


@pytest.mark.parametrize(
    ("scope", "included"),
    [
        (A_READ, []),
        (A_SEND, []),
        (A_WRITE, [A_READ, A_SEND]),
        (B_READ, []),
        (ALL_READ, [A_READ, B_READ, AUDIT]),
        (ALL, [A_READ, A_SEND, A_WRITE, B_READ, ALL_READ, AUDIT]),
    ],
)
def test_a_scope_includes_those_whose_routes_it_opens(scope: Scope, included: list[Scope]) -> None:
    """Each of the other's routes must be covered, not only some."""
    others = [each for each in (A_READ, A_SEND, A_WRITE, B_READ, ALL_READ, ALL, AUDIT) if each is not scope]

    assert [other for other in others if scope.includes(other)] == included
    assert scope.includes(scope)


@pytest.mark.parametrize(
    ("scopes", "lowest"),
    [
        ([A_WRITE, A_READ], A_READ),
        ([A_READ, A_WRITE, A_SEND, ALL], A_READ),
        ([ALL_READ, A_READ, ALL], A_READ),
        ([A_READ, B_READ, ALL], None),
        ([A_READ, B_READ, ALL_READ, ALL], None),
        ([A_SEND], A_SEND),
        ([ALL, A_WRITE, A_SEND], A_SEND),
        ([A_SEND, Scope("b", "B", [Route("POST", "/b")])], None),
        ([AUDIT, A_READ], A_READ),
        ([AUDIT], AUDIT),
    ],
)
def test_lowest_scope_is_in_all_others(scopes: list[Scope], lowest: Scope | None) -> None:
    """It only reads if any default scope does. Between unrelated scopes there is none."""
    assert ScopeCatalogue(scopes).lowest(Role.ADMIN) == lowest


def test_lowest_scope_is_one_that_the_role_may_give() -> None:
    """A person without the role has no scope at all, so there is no lowest one."""
    assert ScopeCatalogue([AUDIT]).lowest(Role.USER) is None
    assert DEFAULT_CATALOGUE.lowest(Role.USER) == DEFAULT_CATALOGUE.scopes[0]
