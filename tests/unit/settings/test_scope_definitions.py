"""Scopes as operators write them: what is understood, and how the rest is refused."""

import json
from typing import Any

import pytest

from chalicelib.domain.network_lists import MAX_NETWORKS, allowed_networks
from chalicelib.domain.scopes import EVERYTHING, METHODS, Route
from chalicelib.domain.text import MAX_NAME_LENGTH
from chalicelib.domain.token_rules import MAX_LIFETIME
from chalicelib.domain.users import Role
from chalicelib.handlers.authorizer import allow_routes
from chalicelib.services.callers import AdmittedToken
from chalicelib.services.verify import Verified
from chalicelib.settings.scope_definitions import (
    MAX_RESULT_BYTES,
    MAX_SCOPES,
    _result_bytes,
    parse_catalogue,
)
from tests.support.builders import a_token, a_user
from tests.support.clock import START


def a_scope(**members: Any) -> dict[str, Any]:
    """Return a definition of one scope, with these members in place of the usual ones."""
    return {"orders:read": {"description": "Read orders", "opens": ["GET /orders/*"], **members}}


def test_a_definition_is_understood() -> None:
    """All members, and the order in which the scopes were written."""
    catalogue = parse_catalogue(
        {
            "orders:read": {"description": "Read orders", "opens": ["GET /orders", "HEAD /orders/*"]},
            "audit": {"description": "Audit", "opens": ["* /audit"], "roles": ["admin"]},
            "all": {"description": "All", "opens": ["* /*"], "roles": ["user", "admin"]},
        }
    )

    first, second, third = catalogue.scopes
    assert (first.name, first.description, first.roles) == ("orders:read", "Read orders", frozenset(Role))
    assert first.opens == [Route("GET", "/orders"), Route("HEAD", "/orders/*")]
    assert (second.name, second.roles) == ("audit", frozenset({Role.ADMIN}))
    assert (third.opens, third.roles) == ([EVERYTHING], frozenset(Role))


def test_title_is_optional() -> None:
    """A scope without a title has none of its own."""
    titles = [
        parse_catalogue(definition).scopes[0].title for definition in (a_scope(), a_scope(title="Look"))
    ]

    assert titles == ["", "Look"]


@pytest.mark.parametrize("opened", [f"{method} /a" for method in (*METHODS, "*")])
def test_every_method_that_a_gateway_routes_can_be_opened(opened: str) -> None:
    """And all of them at once."""
    assert parse_catalogue(a_scope(opens=[opened])).scopes[0].opens == [Route(*opened.split(" "))]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/" + "a" * 299,
        "/*",
        "/a",
        "/a/",
        "/a*",
        "/*/b",
        "/a/*/b",
        "/a//b",
        "/a.b~c_d-e",
        "/a:b@c!&'()+,;=d",
    ],
)
def test_awkward_paths_are_taken_as_they_are(path: str) -> None:
    """Whatever a gateway can see as a path and a policy can say."""
    assert parse_catalogue(a_scope(opens=[f"GET {path}"])).scopes[0].opens == [Route("GET", path)]


@pytest.mark.parametrize(
    ("opened", "said"),
    [
        ("get /a", "must be '\\*' or one of GET, HEAD"),
        ("TRACE /a", "must be '\\*' or one of GET, HEAD"),
        ("/a", "must be '\\*' or one of GET, HEAD"),
        ("", "must be '\\*' or one of GET, HEAD"),
        (" GET /a", "must be '\\*' or one of GET, HEAD"),
        ("GET  /a", "must begin with '/'"),
        ("GET", "must begin with '/'"),
        ("GET a", "must begin with '/'"),
        ("GET *", "must begin with '/'"),
        ("GET /a b", "letters, digits"),
        ("GET /orders/{id}", "Write /orders/\\* for /orders/{id}"),
        ("GET /a?b", "letters, digits"),
        ("GET /a%2Fb", "letters, digits"),
        ("GET /${aws:username}", "letters, digits"),
        ("GET /caf\u00e9", "letters, digits"),
        ("GET /a#b", "letters, digits"),
        ("GET /a\n", "letters, digits"),
        ("GET /a\\b", "letters, digits"),
        ("GET /" + "a" * 300, "at most"),
        (7, "must be '\\*' or one of GET, HEAD"),
        (None, "must be '\\*' or one of GET, HEAD"),
    ],
)
def test_what_a_policy_would_read_otherwise_is_refused(opened: object, said: str) -> None:
    """``?`` and ``${...}`` mean something in a policy; braces mean nothing there."""
    with pytest.raises(ValueError, match=said):
        parse_catalogue(a_scope(opens=[opened]))


@pytest.mark.parametrize(
    ("definitions", "said"),
    [
        ([], "must be a JSON object of 1 to"),
        ({}, "must be a JSON object of 1 to"),
        ("api:read", "must be a JSON object of 1 to"),
        ({f"s{n}": {} for n in range(MAX_SCOPES + 1)}, "must be a JSON object of 1 to"),
        ({"": {}}, "has a scope ''"),
        ({"two words": {}}, "has a scope 'two words'"),
        ({'quo"te': {}}, "must match"),
        ({"s" * 65: {}}, "must match"),
        ({"a": []}, "'description', 'opens' and optionally 'roles'"),
        ({"a": {"opens": ["GET /a"]}}, "'description', 'opens' and optionally 'roles'"),
        ({"a": {"description": "A"}}, "'description', 'opens' and optionally 'roles'"),
        (a_scope(routes=[]), "nothing else"),
        (a_scope(description=""), "1 to 200 printable"),
        (a_scope(description="x" * 201), "1 to 200 printable"),
        (a_scope(description="a\nb"), "1 to 200 printable"),
        (a_scope(description=None), "1 to 200 printable"),
        (a_scope(opens=[]), "must list the routes that 'orders:read' opens"),
        (a_scope(opens="GET /a"), "must list the routes that 'orders:read' opens"),
        (a_scope(title=""), "a title of 1 to 30 printable"),
        (a_scope(title=" Orders"), "without spaces at its ends"),
        (a_scope(title="x" * 31), "a title of 1 to 30 printable"),
        (a_scope(title="a\nb"), "a title of 1 to 30 printable"),
        (a_scope(title="a\u202eb"), "a title of 1 to 30 printable"),
        (a_scope(title=None), "a title of 1 to 30 printable"),
        (a_scope(title=["Orders"]), "a title of 1 to 30 printable"),
        (a_scope(titel="Orders"), "'roles' and 'title', and nothing else"),
        (a_scope(roles=[]), "a list of roles among admin, user"),
        (a_scope(roles=["root"]), "a list of roles among admin, user"),
        (a_scope(roles="admin"), "a list of roles among admin, user"),
        (a_scope(roles=[["admin"]]), "a list of roles among admin, user"),
    ],
)
def test_senseless_definitions_are_refused(definitions: object, said: str) -> None:
    """The sentence says which scope and what is wrong with it."""
    with pytest.raises(ValueError, match=said):
        parse_catalogue(definitions)


def test_routes_that_no_policy_could_hold_are_refused() -> None:
    """A WebSocket API takes policies of 8 KB; one that is cut off would refuse everybody, at run time."""
    fits = [f"GET /{n:02d}" for n in range(40)]
    parse_catalogue(a_scope(opens=[*fits, *fits, "* /*"]))

    with pytest.raises(ValueError, match=r"too many routes for .* counts as 7"):
        parse_catalogue(a_scope(opens=[f"* /{n:02d}" for n in range(40)]))


def resources(count: int, **roles: Any) -> dict[str, Any]:
    """Return scopes to read and to write each of some resources."""
    return {
        f"resource-{n}:{kind}": {"description": "R", "opens": [f"{method} /resource-{n}/*"], **roles}
        for n in range(count)
        for kind, method in (("read", "GET"), ("write", "*"))
    }


def test_seven_resources_with_read_and_write_fit() -> None:
    """Routes count once, however many scopes open them."""
    parse_catalogue(resources(7))
    with pytest.raises(ValueError, match="the role"):
        parse_catalogue(resources(10))


def test_what_one_token_can_hold_is_counted() -> None:
    """A user has one role, so the scopes of one role count, with those of both."""
    users, admins = resources(7, roles=["user"]), resources(7, roles=["admin"])
    parse_catalogue({**users, **{f"admin-{name}": scope for name, scope in admins.items()}})
    other = {name.replace("resource", "other"): _moved(scope) for name, scope in admins.items()}
    with pytest.raises(ValueError, match="the role 'admin' too many routes"):
        parse_catalogue({**admins, **other})


def test_a_scope_that_opens_everything_does_not_hide_the_others() -> None:
    """A token without it has all the others."""
    with pytest.raises(ValueError, match="too many routes for"):
        parse_catalogue({**resources(10), "all": {"description": "All", "opens": ["* /*"]}})


@pytest.mark.parametrize(
    "definitions",
    [
        resources(1),
        resources(7),
        a_scope(opens=[f"GET /{n:02d}/{'long/' * 50}*" for n in range(15)]),
        a_scope(opens=["* /*"]),
    ],
    ids=["one resource", "seven resources", "long routes", "everything"],
)
def test_the_counted_size_is_the_size_at_most(definitions: dict[str, Any]) -> None:
    """The longest name and list, both deadlines and every scope of a token fit into what was counted."""
    catalogue = parse_catalogue(definitions)
    names = frozenset(scope.name for scope in catalogue.scopes)
    longest = [f"1111:2222:3333:4444:5555:6666:7777:888{n}" for n in range(MAX_NETWORKS)]
    owner = a_user()
    token = a_token(owner, name="\N{KEY}" * MAX_NAME_LENGTH, allowed_networks=allowed_networks(longest))
    admitted = AdmittedToken(
        Verified(token, owner, names, START + MAX_LIFETIME), catalogue, catalogue.routes
    )
    base = "arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:a1b2c3d4e5/" + "s" * 30

    answer = allow_routes(admitted, f"{base}/GET/resource-1/a")

    counted = _result_bytes(catalogue.scopes)
    assert len(json.dumps(answer)) <= counted <= MAX_RESULT_BYTES
    # The reserve is no larger than needed, because each byte of it is taken from an operator's routes.
    assert counted - len(json.dumps(answer)) < 100


def _moved(scope: dict[str, Any]) -> dict[str, Any]:
    return {**scope, "opens": [opened.replace("resource", "other") for opened in scope["opens"]]}
