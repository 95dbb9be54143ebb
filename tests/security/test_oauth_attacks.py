"""Attacks on the OAuth endpoints, and across them and everything else."""

from collections.abc import Callable

import pytest

from tests.oauth.caller import ACCESS_TOKEN, ENDPOINTS, ID_TOKEN, INTROSPECT, JWT, TOKEN, Caller, basic
from tests.oauth.conftest import caller  # noqa: F401 - a fixture
from tests.security.tokens_table import FORGERIES
from tests.security.victim import victim_of
from tests.support import canaries
from tests.support.work import assert_linear_steps, assert_linear_time


def oauth_routes() -> list[tuple[str, str]]:
    """Return every route of the standard's, so that a new one is attacked too."""
    from app import app

    return sorted(
        (method, path)
        for path, methods in app.routes.items()
        for method in methods
        if path.startswith(("/oauth2", "/.well-known"))
    )


def test_attack_list_covers_the_contract() -> None:
    """The routes are those of the contract. A call by GET or HEAD changes nothing."""
    assert oauth_routes() == [
        ("GET", "/.well-known/jwks.json"),
        ("GET", "/.well-known/oauth-authorization-server"),
        ("GET", "/.well-known/oauth-protected-resource"),
        ("GET", "/.well-known/oauth-protected-resource/{resource_path+}"),
        ("HEAD", "/.well-known/jwks.json"),
        ("HEAD", "/.well-known/oauth-authorization-server"),
        ("HEAD", "/.well-known/oauth-protected-resource"),
        ("HEAD", "/.well-known/oauth-protected-resource/{resource_path+}"),
        ("POST", "/oauth2/introspect"),
        ("POST", "/oauth2/revoke"),
        ("POST", "/oauth2/token"),
    ]


def test_no_forgery_passes_any_endpoint(caller: Caller) -> None:  # noqa: F811
    """The whole table of forged API tokens: nothing derived, everything inactive, nothing revoked.

    Those that take our own key and cost a read name a token of ours: they revoke it, to be safe.
    """
    victim = victim_of(caller.api, caller.service)
    for forgery in FORGERIES:
        forged = forgery.forge(victim)
        canaries.remember(forged)
        assert (forgery.name, caller.derive(subject_token=forged).status) == (forgery.name, 400)
        asked = caller.introspect(forged)
        # Nothing at all, or more than any token is: a bad request.
        assert (forgery.name, asked.status, asked.text) in (
            (forgery.name, 200, '{"active": false}\n'),
            (forgery.name, 400, asked.text),
        )
        if not forgery.reads:
            assert caller.revoke(forged).status in (200, 400)
    assert caller.api.get("/api/whoami", victim.token).status == 200


TOKENS: dict[str, Callable[[Caller], str]] = {
    "the person's ID token": lambda c: c.person,
    "the person's access token": lambda c: c.service.provider.access_token("user@example.com"),
    "an API token": lambda c: c.token,
    "an access token of ours": lambda c: c.access_token(),
    "a client's assertion": lambda c: c.assertion()["client_assertion"],
}
# What each may be exchanged for an API token as.
SIGN_INS = {
    "the person's ID token": {ID_TOKEN, JWT},
    "the person's access token": {ACCESS_TOKEN, JWT},
}


@pytest.mark.parametrize("kind", [ACCESS_TOKEN, ID_TOKEN, JWT])
@pytest.mark.parametrize("name", TOKENS)
def test_each_kind_of_token_is_taken_for_itself_only(
    caller: Caller,  # noqa: F811
    name: str,
    kind: str,
) -> None:
    """Five kinds of signed strings, three names for them: only what belongs together passes."""
    presented = TOKENS[name](caller)
    canaries.remember(presented)
    answer = caller.exchange(subject_token=presented, subject_token_type=kind)
    assert answer.status == (200 if kind in SIGN_INS.get(name, set()) else 400)
    opens = caller.api.get("/api/whoami", presented).status == 200
    assert opens is (name == "an API token")


@pytest.mark.parametrize("name", TOKENS)
def test_no_token_is_a_client(caller: Caller, name: str) -> None:  # noqa: F811
    """A bearer of whatever introspects nothing, be it as header, secret or assertion."""
    presented = TOKENS[name](caller)
    canaries.remember(presented)
    ways: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"Authorization": f"Bearer {presented}"}, {}),
        (basic(secret=presented), {}),
        (basic(client_id=presented, secret=""), {}),
    ]
    if name != "a client's assertion":
        ways.append(({}, {**caller.assertion(), "client_assertion": presented}))
    for headers, parameters in ways:
        answer = caller.introspect(caller.token, headers, **parameters)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_introspection_does_not_help_to_guess(caller: Caller) -> None:  # noqa: F811
    """Strings that are not ours cost a resource server's question no read."""
    caller.introspect(caller.token)
    before = caller.service.store.calls
    for guess in ("bodhi_x", "x.y.z", caller.token + "A", caller.token[:-4] + "AAAA", caller.person):
        caller.introspect(guess)
    assert caller.service.store.calls == before


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    ("shape", "size"),
    [
        (lambda n: "a=1&" * n, 1_000),
        (lambda n: "%25" * n, 2_000),
        (lambda n: f"token={'x' * n}", 750_000),
        (lambda n: "=" * n, 5_000),
    ],
    ids=["parameters", "nested encodings", "long value", "empty names"],
)
def test_garbage_is_refused_in_linear_work(
    caller: Caller,  # noqa: F811
    path: str,
    shape: Callable[[int], str],
    size: int,
) -> None:
    """The work grows no faster than the body, up to eight times the size."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    def refused(body: str) -> None:
        assert caller.api.call("POST", path, body=body.encode(), headers=form).status in (400, 401)

    assert_linear_steps(refused, shape, size)
    assert_linear_time(refused, shape, size)


def test_session_cookie_opens_no_oauth_endpoint(caller: Caller) -> None:  # noqa: F811
    """The page's session is no client and no subject token: nothing here can be forged across sites."""
    headers = {"Cookie": "bodhi_session=x", "Origin": "https://api.example.com"}
    assert caller.send(INTROSPECT, {"token": caller.token}, headers).status == 401
    assert caller.send(TOKEN, {"grant_type": "x"}, headers).json["error"] == "unsupported_grant_type"
