"""Signing in with a browser, against a token endpoint that answers as each test says."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.adapters.oidc import OidcProvider, ProviderDocuments, ProviderRules
from chalicelib.adapters.oidc_login import OidcLogin
from chalicelib.domain.errors import IdentityProviderUnavailable, LoginFailed
from chalicelib.domain.sessions import LOGIN_LIFETIME, PendingLogin
from tests.support.builders import ISSUER
from tests.support.clock import START, FixedClock
from tests.support.http import FakeHttp
from tests.support.provider import AUDIENCE, TestProvider

BACK = "http://127.0.0.1:8000/login/callback"
LOGIN = PendingLogin("hash", "the-state", "the-nonce", "v" * 43, "/", START + LOGIN_LIFETIME)


class TokenEndpoint:
    """Answers one way; keeps what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.answer: Any = {}
        self.asked: list[dict[str, list[str]]] = []
        self.url = ""


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    """Serve a token endpoint on loopback."""
    told = TokenEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            told.asked.append(parse_qs(self.rfile.read(length).decode()))
            body = told.answer if isinstance(told.answer, bytes) else json.dumps(told.answer).encode()
            self.send_response(told.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}/token"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def login_at(token_url: str, secret: str | None = None) -> OidcLogin:
    """Return the adapter over a provider that publishes this token endpoint."""
    issuer = "http://127.0.0.1"
    documents = TestProvider.documents()
    key_set = documents[f"{ISSUER}/jwks"]
    http = FakeHttp(
        {
            f"{issuer}/.well-known/openid-configuration": {
                "issuer": issuer,
                "jwks_uri": f"{issuer}/jwks",
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": token_url,
            },
            f"{issuer}/jwks": key_set,
        }
    )
    rules = ProviderRules(issuer, {AUDIENCE}, {"admin@example.com"}, None)
    published = ProviderDocuments(issuer, http)
    provider = OidcProvider(rules, published, FixedClock())
    return OidcLogin(provider, published, AUDIENCE, secret)


def id_token(**claims: Any) -> str:
    """Return what the provider vouches with."""
    usual = {"iss": "http://127.0.0.1", "nonce": LOGIN.nonce}
    return TestProvider(FixedClock()).sign_in("user@example.com", **(usual | claims))


def test_browser_is_sent_with_state_nonce_and_challenge(endpoint: TokenEndpoint) -> None:
    """The verifier itself stays here (RFC 7636); its challenge goes along."""
    url = login_at(endpoint.url).authorization_url(LOGIN, BACK)

    query = parse_qs(urlsplit(url).query)
    assert query["state"] == ["the-state"]
    assert query["nonce"] == ["the-nonce"]
    assert query["redirect_uri"] == [BACK]
    assert query["code_challenge_method"] == ["S256"]
    assert LOGIN.verifier not in url


def test_code_is_redeemed_with_the_verifier(endpoint: TokenEndpoint) -> None:
    """A code with the right ID token tells who signed in."""
    endpoint.answer = {"access_token": "x", "token_type": "Bearer", "id_token": id_token()}

    identity = login_at(endpoint.url).redeem(LOGIN, "the-code", BACK)

    assert identity.subject == "user@example.com"
    asked = endpoint.asked[0]
    assert (asked["code"], asked["code_verifier"]) == (["the-code"], [LOGIN.verifier])
    assert asked["redirect_uri"] == [BACK]


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": "x", "token_type": "Bearer"},
        {"access_token": "x", "token_type": "Bearer", "id_token": 5},
        {"access_token": "x", "token_type": "Bearer", "id_token": "not.a.jwt"},
        {"error": "invalid_grant"},
    ],
)
def test_answer_without_a_good_id_token_is_a_failed_sign_in(
    endpoint: TokenEndpoint, answer: dict[str, Any]
) -> None:
    """Whatever the provider says instead, nobody is signed in."""
    endpoint.answer = answer
    endpoint.status = 400 if "error" in answer else 200

    with pytest.raises(LoginFailed):
        login_at(endpoint.url).redeem(LOGIN, "the-code", BACK)


@pytest.mark.parametrize("claims", [{"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"exp": 1}])
def test_id_token_of_another_request_is_a_failed_sign_in(
    endpoint: TokenEndpoint, claims: dict[str, Any]
) -> None:
    """An ID token counts only in answer to the request that had its nonce."""
    endpoint.answer = {"access_token": "x", "token_type": "Bearer", "id_token": id_token(**claims)}

    with pytest.raises(LoginFailed):
        login_at(endpoint.url).redeem(LOGIN, "the-code", BACK)


@pytest.mark.parametrize(("status", "body"), [(500, b"{}"), (200, b"<html>"), (302, b"")])
def test_broken_provider_is_an_outage(endpoint: TokenEndpoint, status: int, body: bytes) -> None:
    """An answer that is none says nothing about the person."""
    endpoint.status, endpoint.answer = status, body

    with pytest.raises((IdentityProviderUnavailable, LoginFailed)):
        login_at(endpoint.url).redeem(LOGIN, "the-code", BACK)


def test_provider_that_is_down_is_an_outage() -> None:
    """Nobody is told that their sign-in was wrong because nobody answered."""
    with pytest.raises(IdentityProviderUnavailable):
        login_at("http://127.0.0.1:1/token").redeem(LOGIN, "the-code", BACK)
