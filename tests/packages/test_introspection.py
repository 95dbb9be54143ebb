"""The introspection client: against the token service itself, and against servers that misbehave."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bodhi_tokens import InactiveToken, IntrospectionClient, MissingScope, TokenServiceUnavailable
from bodhi_tokens.active_tokens import ActiveTokens
from bodhi_tokens.verified import VerifiedToken, verified_token
from tests.oauth.caller import Caller
from tests.packages.service import AUDIENCE, OTHER, served
from tests.support import loopback
from tests.support.clients import SECRET, SERVER

PATH = "/oauth2/introspect"
ACTIVE = {
    "active": True,
    "scope": "orders:read",
    "token_type": "Bearer",
    "iat": 1768478400,
    "sub": "usr_1",
    "aud": AUDIENCE,
    "jti": "tok_1",
}
TOKEN = "bodhi_aaa.bbb.ccc"


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[str, Caller]]:
    """Serve the token service."""
    with served() as found:
        yield found


@pytest.fixture
def server() -> Iterator[loopback.Endpoints]:
    """Serve what a test says."""
    with loopback.endpoints() as told:
        yield told


def client(issuer: str, **options: Any) -> IntrospectionClient:
    """Return a client of a service."""
    return IntrospectionClient(issuer, SERVER, SECRET, **{"audience": AUDIENCE, **options})


def client_of(service: tuple[str, Caller], **options: Any) -> IntrospectionClient:
    """Return a client with the clock of the token service."""
    issuer, caller = service
    return client(issuer, now=lambda: caller.service.clock.now().timestamp(), **options)


def new_token(caller: Caller, **members: Any) -> dict[str, Any]:
    """Return a new API token."""
    return caller.api.create_token(caller.person, **members)


def test_an_active_token(service: tuple[str, Caller]) -> None:
    """Its members, as the token service tells them."""
    created = new_token(service[1], expires_in_days=7)
    found = client_of(service).verify(created["token"], "192.0.2.7")
    assert (found.token_id, found.access_token_id, found.audience) == (created["id"], None, AUDIENCE)
    assert found.scopes == frozenset(created["scopes"])
    assert found.expires_at
    assert found.expires_at - found.issued_at == timedelta(days=7)
    with pytest.raises(MissingScope):
        found.require_scope("orders:write")


def test_a_revoked_token(service: tuple[str, Caller]) -> None:
    """It is refused by the next call."""
    created = new_token(service[1])
    asking = client_of(service)
    asking.verify(created["token"], None)
    service[1].revoke(created["token"])
    with pytest.raises(InactiveToken):
        asking.verify(created["token"], None)


@pytest.mark.parametrize("cache_seconds", [0, 30])
def test_a_token_with_a_list_of_networks(service: tuple[str, Caller], cache_seconds: float) -> None:
    """The address is asked about each time, also with a cache."""
    token = new_token(service[1], allowed_networks=["192.0.2.0/24"])["token"]
    asking = client_of(service, cache_seconds=cache_seconds)
    for _ in range(2):
        assert asking.verify(token, "192.0.2.7").scopes
        for address in ("198.51.100.7", "not an address", "", None):
            with pytest.raises(InactiveToken):
                asking.verify(token, address)


def test_an_access_token_is_for_its_audience(service: tuple[str, Caller]) -> None:
    """The client of another service does not accept it, although it may ask about both."""
    access_token = service[1].access_token()
    found = client_of(service, audience=OTHER).verify(access_token, None)
    assert found.token_id == service[1].created["id"]
    assert found.access_token_id not in (None, found.token_id)
    with pytest.raises(InactiveToken):
        client_of(service).verify(access_token, None)
    with pytest.raises(InactiveToken):
        client_of(service, audience=OTHER).verify(service[1].token, None)


@pytest.mark.parametrize("token", ["", "x" * 4097, "bodhi_ü", "garbage", "bodhi_a.b.c", "a b", "a\r\nb"])
def test_a_string_that_is_not_a_token(service: tuple[str, Caller], token: str) -> None:
    """It is not active, whatever it holds."""
    with pytest.raises(InactiveToken):
        client_of(service).verify(token, "192.0.2.7")


def test_a_wrong_secret_is_not_a_refusal_of_the_token(service: tuple[str, Caller]) -> None:
    """The operator's mistake is a 503 to callers. The error holds neither secret nor token."""
    asking = IntrospectionClient(service[0], SERVER, "wrong-secret", audience=AUDIENCE)
    with pytest.raises(TokenServiceUnavailable, match="401") as raised:
        asking.verify(service[1].token, None)
    assert "wrong-secret" not in repr(asking) + repr(raised.value)
    assert service[1].token not in repr(raised.value)


def test_the_request(server: loopback.Endpoints) -> None:
    """A form with the address, and the credentials as RFC 6749 section 2.3.1 encodes them."""
    server.answer(PATH, ACTIVE | {"iss": server.url})
    client(server.url).verify(TOKEN, "2001:db8::1")
    client(server.url).verify(TOKEN, None)
    first, second = server.asked_at(PATH)
    assert (first.method, first.basic) == ("POST", (SERVER, SECRET))
    assert first.form == {"token": [TOKEN], "caller_address": ["2001:db8::1"]}
    assert second.form == {"token": [TOKEN]}


@pytest.mark.parametrize(
    "change",
    [
        {"active": "true"},
        {"active": 1},
        {"active": None},
        {"sub": None},
        {"sub": ""},
        {"jti": 7},
        {"aud": [AUDIENCE]},
        {"iss": "https://other.example.com"},
        {"iss": None},
        {"scope": None},
        {"iat": "1768478400"},
        {"iat": True},
        {"exp": "never"},
        {"exp": 10**30},
        {"client_id": ""},
    ],
)
def test_a_response_of_another_form_is_no_decision(
    server: loopback.Endpoints, change: dict[str, Any]
) -> None:
    """Only ``active: true`` with all members lets a caller in."""
    server.answer(PATH, ACTIVE | {"iss": server.url} | change)
    with pytest.raises(TokenServiceUnavailable):
        client(server.url).verify(TOKEN, None)


@pytest.mark.parametrize(
    "behaviour",
    [
        loopback.sends(b"", 200),
        loopback.sends(b"[]"),
        loopback.sends(b"null"),
        loopback.sends(b'"active"'),
        loopback.sends(b"<html>"),
        loopback.sends(b"\xff"),
        loopback.sends(b"[" * 100_000),
        loopback.sends(b'{"active":true' + b" " * 600_000 + b"}"),
        loopback.sends(json.dumps(ACTIVE).encode(), 201),
        loopback.sends(json.dumps(ACTIVE).encode(), 500),
        loopback.sends(json.dumps({"active": False}).encode(), 503),
        loopback.sends(b"", 302, "Location: /elsewhere"),
        loopback.sends(b"", 307, "Location: /elsewhere"),
        loopback.writes(b""),
        loopback.writes(b"garbage\r\n\r\n"),
        loopback.writes(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
        loopback.drips(b"HTTP/1.1 200 OK\r\n\r\n{}", seconds=0.3),
    ],
)
def test_a_failing_service_is_no_decision(
    server: loopback.Endpoints, behaviour: loopback.Behaviour
) -> None:
    """Neither a refusal nor a permission. A redirect is not followed: it would take the token along."""
    server.answers[PATH] = behaviour
    server.answer("/elsewhere", ACTIVE | {"iss": server.url})
    with pytest.raises(TokenServiceUnavailable) as raised:
        client(server.url, timeout=0.2).verify(TOKEN, None)
    assert server.asked_at("/elsewhere") == []
    assert TOKEN not in str(raised.value)


def test_a_service_that_is_not_there() -> None:
    """A refused connection is no decision."""
    with pytest.raises(TokenServiceUnavailable, match="did not respond"):
        client("http://127.0.0.1:1").verify(TOKEN, None)


def test_an_expired_token_in_a_response_is_refused(server: loopback.Endpoints) -> None:
    """By the client's own clock too."""
    server.answer(PATH, ACTIVE | {"iss": server.url, "exp": 1768478500})
    assert client(server.url, now=lambda: 1768478499).verify(TOKEN, None)
    with pytest.raises(InactiveToken):
        client(server.url, now=lambda: 1768478500).verify(TOKEN, None)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"issuer": "http://tokens.example.com"}, "https"),
        ({"issuer": "tokens.example.com"}, "https"),
        ({"issuer": "ftp://tokens.example.com"}, "https"),
        ({"issuer": "https://user@tokens.example.com"}, "https"),
        ({"issuer": "https://tokens.example.com?a=b"}, "https"),
        ({"timeout": 0}, "timeout"),
        ({"cache_seconds": 31}, "cache_seconds"),
        ({"cache_seconds": -1}, "cache_seconds"),
        ({"cache_seconds": float("nan")}, "cache_seconds"),
    ],
)
def test_settings_that_cannot_work(options: dict[str, Any], reason: str) -> None:
    """They stop the start, and the message names the parameter."""
    with pytest.raises(ValueError, match=reason):
        client(**{"issuer": "https://tokens.example.com", **options})


def test_nothing_is_cached_by_default(server: loopback.Endpoints) -> None:
    """Each call asks."""
    server.answer(PATH, ACTIVE | {"iss": server.url})
    asking = client(server.url)
    asking.verify(TOKEN, None)
    asking.verify(TOKEN, None)
    assert len(server.asked) == 2


def test_a_cached_token_is_not_asked_about_until_its_time_is_over(server: loopback.Endpoints) -> None:
    """The question that fills the cache has no address, so its answer holds for every address."""
    server.answer(PATH, ACTIVE | {"iss": server.url})
    asking, now = client(server.url, cache_seconds=30), [100.0]
    asking._active_tokens.now = lambda: now[0]
    first = asking.verify(TOKEN, "192.0.2.7")
    now[0] += 29.9
    assert asking.verify(TOKEN, "198.51.100.7") == first
    assert [asked.form for asked in server.asked] == [{"token": [TOKEN]}]
    now[0] += 0.2
    server.answer(PATH, {"active": False})
    with pytest.raises(InactiveToken):
        asking.verify(TOKEN, "192.0.2.7")


def test_refusals_and_failures_are_not_cached(server: loopback.Endpoints) -> None:
    """A token that becomes active works at once."""
    asking = client(server.url, cache_seconds=30)
    server.answer(PATH, {"active": False})
    with pytest.raises(InactiveToken):
        asking.verify(TOKEN, None)
    server.answer(PATH, {}, 500)
    with pytest.raises(TokenServiceUnavailable):
        asking.verify(TOKEN, "192.0.2.7")
    server.answer(PATH, ACTIVE | {"iss": server.url})
    assert asking.verify(TOKEN, None)


def test_a_cached_token_still_expires(server: loopback.Endpoints) -> None:
    """The expiry counts before the cache's own time."""
    wall = [1768478400.0]
    server.answer(PATH, ACTIVE | {"iss": server.url, "exp": 1768478410})
    asking = client(server.url, cache_seconds=30, now=lambda: wall[0])
    asking.verify(TOKEN, None)
    wall[0] += 10
    with pytest.raises(InactiveToken):
        asking.verify(TOKEN, None)
    assert len(server.asked) == 1


def _token() -> VerifiedToken:
    return verified_token(ACTIVE)


def test_the_cache_holds_no_token() -> None:
    """Its keys are hashes, and it keeps 1,000 of them at most, the newest ones."""
    kept = ActiveTokens(30)
    for number in range(1001):
        kept.put(f"{TOKEN}{number}", _token(), kept.now())
    assert len(kept._kept) == 1000
    assert kept.get(f"{TOKEN}0") is None
    assert kept.get(f"{TOKEN}1000") == _token()
    assert TOKEN not in repr(kept._kept)
    assert all(len(key) == 32 for key in kept._kept)
