"""Signing in with a browser, with endpoints that answer as each test says."""

import base64
import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from socket import SO_LINGER, SOL_SOCKET, socket
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.oidc.client_secret import ClientSecret, FixedSecret
from chalicelib.adapters.oidc.http import MOST_BYTES
from chalicelib.adapters.oidc.kept_connections import KeptConnections
from chalicelib.adapters.oidc.login import OidcLogin
from chalicelib.adapters.oidc.provider import OidcProvider, ProviderDocuments, ProviderRules
from chalicelib.domain.admin_claims import AdminClaim
from chalicelib.domain.errors import IdentityProviderUnavailable, LoginFailed
from chalicelib.domain.reasons import LoginReason, ProviderReason, SignInReason
from chalicelib.domain.sessions import LOGIN_LIFETIME, PendingLogin
from chalicelib.domain.users import Identity, Role
from chalicelib.settings.admin_claims import parse_admin_claim
from tests.support import canaries
from tests.support.builders import ISSUER
from tests.support.clock import START, FixedClock
from tests.support.http import FakeHttp
from tests.support.loopback import Behaviour, Endpoints, drips, endpoints, sends, writes
from tests.support.provider import AUDIENCE, TestProvider
from tests.support.waiting import A_HANG

OWN = "http://127.0.0.1"
CONFIGURATION = f"{OWN}/.well-known/openid-configuration"
BACK = "http://127.0.0.1:8000/login/callback"
LOGIN = PendingLogin("hash", "the-state", "the-nonce", "v" * 43, "/", START + LOGIN_LIFETIME)
ADMINS = parse_admin_claim("groups=admins")
DEEP = b'{"id_token":' + b"[" * 100_000


def nested(depth: int) -> Any:
    """Return a list in a list in a list, which can be parsed but not shown."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.fixture(scope="module")
def served() -> Iterator[Endpoints]:
    """Serve one provider for all tests."""
    with endpoints() as told:
        yield told


@pytest.fixture
def provider(served: Endpoints) -> Endpoints:
    """Return the provider without answers and requests."""
    served.answers.clear()
    served.asked.clear()
    return served


@dataclass(frozen=True)
class Place:
    """The settings of this service and what the provider publishes, for one test."""

    provider: Endpoints
    secret: str | None = None
    kept: ClientSecret | None = None
    client_id: str = AUDIENCE
    scopes: str = "openid profile email"
    admin_claim: AdminClaim | None = None
    subject_claim: str = "sub"
    published: dict[str, Any] = field(default_factory=dict)
    seconds: float = 5.0

    @property
    def login(self) -> OidcLogin:
        """The adapter."""
        configuration = {
            "issuer": OWN,
            "jwks_uri": f"{OWN}/jwks",
            "authorization_endpoint": f"{OWN}/authorize",
            "token_endpoint": f"{self.provider.url}/token",
            **self.published,
        }
        key_set = TestProvider.documents()[f"{ISSUER}/jwks"]
        known = {name: value for name, value in configuration.items() if value is not None}
        http = FakeHttp({CONFIGURATION: known, f"{OWN}/jwks": key_set})
        rules = ProviderRules(
            OWN, {"others"}, self.client_id, self.subject_claim, admin_claim=self.admin_claim
        )
        clock = FixedClock()
        documents = ProviderDocuments(OWN, CONFIGURATION, http, clock)
        verifier = OidcProvider(rules, documents, clock)
        return OidcLogin(
            verifier,
            rules,
            documents,
            self.kept or FixedSecret(self.secret),
            self.scopes,
            lambda: KeptConnections(clock),
            seconds=self.seconds,
        )

    def redeem(self) -> Identity:
        """Redeem a code."""
        return self.login.redeem(LOGIN, "the-code", BACK)

    def refusal(self) -> LoginFailed:
        """Redeem a code, and return the LoginFailed."""
        with pytest.raises(LoginFailed) as raised:
            self.redeem()
        return raised.value

    def outage(self) -> IdentityProviderUnavailable:
        """Redeem a code, and return the IdentityProviderUnavailable."""
        with pytest.raises(IdentityProviderUnavailable) as raised:
            self.redeem()
        return raised.value


@pytest.fixture
def place(provider: Endpoints) -> Place:
    """Return the usual place, whose provider answers with a whole ID token."""
    provider.answer("/token", tokens())
    return Place(provider)


@pytest.fixture
def profiled(place: Place) -> Place:
    """Return a place with a userinfo endpoint that has no answer yet."""
    return replace(place, published={"userinfo_endpoint": f"{place.provider.url}/userinfo"})


def id_token(**claims: Any) -> str:
    """Return an ID token. A claim that is None is left out."""
    usual = {"iss": OWN, "nonce": LOGIN.nonce}
    return TestProvider(FixedClock()).sign_in("user@example.com", **(usual | claims))


def tokens(**claims: Any) -> dict[str, Any]:
    """Return a good answer of the token endpoint."""
    return {"access_token": "the-token", "token_type": "Bearer", "id_token": id_token(**claims)}


# The authorization request.


def test_browser_is_sent_with_state_nonce_and_challenge(place: Place) -> None:
    """The request has the challenge, and the verifier stays here (RFC 7636)."""
    url = place.login.authorization_url(LOGIN, BACK)

    assert url.startswith(f"{OWN}/authorize?")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(LOGIN.verifier.encode()).digest())
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": [AUDIENCE],
        "redirect_uri": [BACK],
        "scope": ["openid profile email"],
        "state": ["the-state"],
        "nonce": ["the-nonce"],
        "code_challenge": [challenge.rstrip(b"=").decode()],
        "code_challenge_method": ["S256"],
    }
    assert LOGIN.verifier not in url


def test_browser_is_sent_with_the_scopes_of_the_settings(place: Place) -> None:
    """The page requests the configured scopes."""
    url = replace(place, scopes="openid groups").login.authorization_url(LOGIN, BACK)

    assert parse_qs(urlsplit(url).query)["scope"] == ["openid groups"]


@pytest.mark.parametrize(
    ("endpoint", "beginning"),
    [
        (f"{OWN}/authorize?tenant=a&b", f"{OWN}/authorize?tenant=a&b&response_type=code&"),
        (f"{OWN}/authorize?", f"{OWN}/authorize?response_type=code&"),
        (f"{OWN}/authorize#there", f"{OWN}/authorize?response_type=code&"),
        ("https://[::1]:8443/a", "https://[::1]:8443/a?response_type=code&"),
        ("HTTPS://login.example.com/a", "https://login.example.com/a?response_type=code&"),
    ],
)
def test_query_of_the_authorization_endpoint_is_kept(place: Place, endpoint: str, beginning: str) -> None:
    """The endpoint may have a query, which is kept, but not a fragment (RFC 6749 section 3.1)."""
    published = {"authorization_endpoint": endpoint}

    url = replace(place, published=published).login.authorization_url(LOGIN, BACK)

    assert url.startswith(beginning)
    assert "#" not in url


UNUSABLE = [
    "http://[",
    "http://[::1",
    "https://login.example.com:99999/",
    "https://login.example.com:port/",
    "https://login.example.com:0/",
    "https://",
    "https:///path",
    "https:path",
    "//login.example.com/a",
    "",
    "/authorize",
    "https://user@login.example.com/",
    "https://user:password@login.example.com/",
    "https://@login.example.com/",
    "https://login.example.com/\r\nSet-Cookie: a=b",
    "https://login.example.com/a b",
    "https://login.example.com\\@evil.example/",
    "https://login.example.com/é",
    None,
    5,
    True,
    [],
    ["https://login.example.com/"],
    {"https://login.example.com/": 1},
]
MISCONFIGURED = {
    ProviderReason.MISSING_ENDPOINT,
    ProviderReason.INSECURE_ENDPOINT,
    ProviderReason.BAD_ANSWER,
}
INSECURE = ["javascript:alert(1)//x", "javascript://login.example.com/%0aalert(1)", "ftp://a.example/x"]


@pytest.mark.parametrize("endpoint", [*UNUSABLE, *INSECURE])
def test_address_that_no_browser_should_be_sent_to_is_an_outage(place: Place, endpoint: object) -> None:
    """A bad authorization endpoint is a failure of the provider."""
    there = replace(place, published={"authorization_endpoint": endpoint})

    with pytest.raises(IdentityProviderUnavailable) as raised:
        there.login.authorization_url(LOGIN, BACK)

    assert raised.value.reason in MISCONFIGURED
    assert raised.value.facts["endpoint"] == "authorization_endpoint"


@pytest.mark.parametrize("endpoint", [*UNUSABLE, *INSECURE])
def test_address_that_cannot_be_asked_is_an_outage(place: Place, endpoint: object) -> None:
    """A bad token endpoint is a failure of the provider, and nothing is sent."""
    error = replace(place, published={"token_endpoint": endpoint}, secret="s").outage()

    assert error.reason in MISCONFIGURED
    assert place.provider.asked == []


@pytest.mark.parametrize(
    "endpoint", ["https://a..b/", f"https://{'a' * 70}.example/", "http://127.0.0.1:1/"]
)
def test_host_that_does_not_answer_is_an_outage(place: Place, endpoint: str) -> None:
    """A host name that cannot exist and a closed port are failures of the provider."""
    error = replace(place, published={"token_endpoint": endpoint}).outage()

    assert error.reason is ProviderReason.UNREACHABLE


# The code.


def test_code_is_redeemed_with_the_verifier(place: Place) -> None:
    """A code with the right ID token tells who signed in."""
    assert place.redeem().subject == "user@example.com"

    (asked,) = place.provider.asked
    assert (asked.method, asked.target) == ("POST", "/token")
    assert asked.form == {
        "grant_type": ["authorization_code"],
        "code": ["the-code"],
        "redirect_uri": [BACK],
        "code_verifier": [LOGIN.verifier],
        "client_id": [AUDIENCE],
    }
    assert "authorization" not in asked.headers


def test_code_of_any_characters_is_sent(place: Place) -> None:
    """The browser brings the code, so it may be any text. The provider decides about it."""
    for code in ("a+b&c=d%", "\ud800", "\x00\r\n", "é" * 1000):
        place.login.redeem(LOGIN, code, BACK)

    assert place.provider.asked[0].form["code"] == ["a+b&c=d%"]


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [
        ("bodhi-web", "plain"),
        ("bodhi-web", "a+b/c=%2B&d"),
        ("bodhi-web", "with space"),
        ("bodhi-web", ":colon:"),
        ("https://api.example.com/client", "s"),
        ("bodhi:web", "a:b"),
        ("bodhi%web+1", "100%"),
        ("bödhi", "pässword\u2713"),
        ("bodhi-web", "\"\\'"),
    ],
)
def test_client_is_authenticated_as_the_provider_reads_it(
    place: Place, client_id: str, secret: str
) -> None:
    """Id and secret are form-encoded before they are joined (RFC 6749 section 2.3.1)."""
    place.provider.answer("/token", tokens(aud=client_id))

    replace(place, client_id=client_id, secret=secret).redeem()

    (asked,) = place.provider.asked
    assert asked.basic == (client_id, secret)
    assert not {"client_id", "client_secret"} & set(asked.form)


@pytest.mark.parametrize(
    ("offered", "by"),
    [
        (None, "basic"),
        ([], "basic"),
        (["client_secret_basic"], "basic"),
        (["client_secret_post"], "post"),
        (["client_secret_post", "client_secret_basic"], "basic"),
        (["private_key_jwt", "client_secret_post"], "post"),
        ("client_secret_post", "basic"),
        (5, "basic"),
        ({"client_secret_post": 1}, "basic"),
        ([["client_secret_post"], None, {}, "client_secret_post"], "post"),
    ],
)
def test_provider_says_how_clients_authenticate(place: Place, offered: object, by: str) -> None:
    """Basic is preferred. It is the default of the configuration (Discovery section 3)."""
    published = {"token_endpoint_auth_methods_supported": offered}

    replace(place, secret="a+b", published=published).redeem()

    (asked,) = place.provider.asked
    assert asked.basic == ((AUDIENCE, "a+b") if by == "basic" else None)
    posted = {name: asked.form.get(name) for name in ("client_id", "client_secret")}
    assert posted == (
        {"client_id": [AUDIENCE], "client_secret": ["a+b"]}
        if by == "post"
        else {"client_id": None, "client_secret": None}
    )


class Rotating:
    """A secret that is another one as soon as it is read again."""

    def __init__(self, *values: str) -> None:
        self._values = values
        self.refused: list[str | None] = []

    def current(self) -> str:
        """Return the first one."""
        return self._values[0]

    def instead_of(self, refused: str | None) -> str | None:
        """Return the last one, unless that was refused."""
        self.refused.append(refused)
        return self._values[-1] if self._values[-1] != refused else None


def in_turn(*answers: tuple[object, int]) -> Behaviour:
    """Answer the first request with the first document, and so on."""
    remaining = iter([sends(json.dumps(document).encode(), status) for document, status in answers])
    return lambda peer: next(remaining)(peer)


def test_changed_secret_goes_over_a_new_connection(place: Place) -> None:
    """The provider may end the connection of a client that it refused, and a POST is not repeated."""
    refused = sends(json.dumps({"error": "invalid_client"}).encode(), 401)
    accepted = sends(json.dumps(tokens()).encode())
    is_asked_again = Event()

    def refuse_and_leave(peer: socket) -> None:
        refused(peer)
        # The connection looks alive meanwhile, and the provider reads nothing.
        is_asked_again.wait(A_HANG)

    def accept(peer: socket) -> None:
        is_asked_again.set()
        accepted(peer)

    answers = iter([refuse_and_leave, accept])
    place.provider.answers["/token"] = lambda peer: next(answers)(peer)

    assert replace(place, kept=Rotating("old", "new")).redeem().subject


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, "invalid_client"), (400, "invalid_client"), (401, "unauthorized_client"), (401, None)],
)
def test_changed_secret_is_sent_after_the_old_one_is_refused(
    place: Place, status: int, error: str | None
) -> None:
    """The same code is sent again: the client is authenticated before the code is looked at."""
    body = {"error": error} if error else {"message": "no"}
    place.provider.answers["/token"] = in_turn((body, status), (tokens(), 200))
    kept = Rotating("old", "new")

    identity = replace(place, kept=kept).redeem()

    assert identity.subject
    assert [asked.basic for asked in place.provider.asked] == [(AUDIENCE, "old"), (AUDIENCE, "new")]
    assert {asked.form["code"][0] for asked in place.provider.asked} == {"the-code"}
    assert kept.refused == ["old"]


def test_secret_that_did_not_change_is_not_sent_again(place: Place) -> None:
    """The refusal stands."""
    place.provider.answer("/token", {"error": "invalid_client"}, 401)

    refusal = replace(place, kept=Rotating("same")).refusal()

    assert refusal.reason is LoginReason.CLIENT_REFUSED
    assert len(place.provider.asked) == 1


def test_changed_secret_is_tried_once(place: Place) -> None:
    """A provider that refuses both gets no third request."""
    refuses = {"error": "invalid_client"}, 401
    place.provider.answers["/token"] = in_turn(refuses, refuses, (tokens(), 200))

    refusal = replace(place, kept=Rotating("old", "new")).refusal()

    assert refusal.reason is LoginReason.CLIENT_REFUSED
    assert len(place.provider.asked) == 2


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_request", "unauthorized_client"])
def test_secret_is_read_again_only_if_the_client_is_refused(place: Place, error: str) -> None:
    """A code that is wrong, which anyone may send, reads nothing."""
    place.provider.answer("/token", {"error": error}, 400)
    kept = Rotating("old", "new")

    replace(place, kept=kept).refusal()

    assert kept.refused == []


def test_unreadable_secret_is_an_outage_before_the_code_is_sent(place: Place) -> None:
    """The provider does not learn the code."""

    class Unreadable(Rotating):
        """A secret that cannot be read."""

        def current(self) -> str:
            """Raise what reading raises."""
            raise IdentityProviderUnavailable(ProviderReason.CLIENT_SECRET_UNREADABLE)

    outage = replace(place, kept=Unreadable("x")).outage()

    assert outage.reason is ProviderReason.CLIENT_SECRET_UNREADABLE
    assert place.provider.asked == []


@pytest.mark.parametrize("offered", [["private_key_jwt"], ["none"], [None], ["CLIENT_SECRET_BASIC"]])
def test_secret_is_not_sent_in_a_way_that_the_provider_does_not_offer(
    place: Place, offered: list[object]
) -> None:
    """If the provider offers other methods only, the log names the ones that would work."""
    published = {"token_endpoint_auth_methods_supported": offered}

    refusal = replace(place, secret="s", published=published).refusal()

    assert refusal.reason is LoginReason.CLIENT_REFUSED
    assert refusal.facts["expected_auth_methods"] == "client_secret_basic client_secret_post"
    assert refusal.facts["received_auth_methods"] in {str(offered[0]), "null"}
    assert place.provider.asked == []


def test_public_client_names_itself(place: Place) -> None:
    """Without a secret the client sends its id, with any offered methods."""
    replace(place, published={"token_endpoint_auth_methods_supported": ["private_key_jwt"]}).redeem()

    assert place.provider.asked[0].form["client_id"] == [AUDIENCE]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("invalid_grant", LoginReason.CODE_REFUSED),
        ("invalid_client", LoginReason.CLIENT_REFUSED),
        ("unauthorized_client", LoginReason.CLIENT_REFUSED),
        ("invalid_request", LoginReason.CLIENT_REFUSED),
        ("unsupported_grant_type", LoginReason.CLIENT_REFUSED),
        ("invalid_scope", LoginReason.CLIENT_REFUSED),
        ("server_error", LoginReason.PROVIDER_ERROR),
        ("access_denied", LoginReason.PROVIDER_ERROR),
    ],
)
def test_error_of_the_token_endpoint_is_told_apart(
    place: Place, status: int, error: str, reason: LoginReason
) -> None:
    """The reason shows whether the person or an administrator can help."""
    place.provider.answer("/token", {"error": error, "error_description": "free text"}, status)

    refusal = place.refusal()

    assert refusal.reason is reason
    assert refusal.facts == {"provider_status": str(status), "provider_error": error}


@pytest.mark.parametrize("error", ["x" * 5000, "a\r\nb", "", "\ud800", "bodhi_" + "a" * 43])
def test_error_that_is_no_code_is_bounded(place: Place, error: str) -> None:
    """An error that is not a short code is logged as unreadable."""
    place.provider.answer("/token", {"error": error}, 400)

    refusal = place.refusal()

    assert refusal.reason is LoginReason.PROVIDER_ERROR
    assert refusal.facts["provider_error"] == "unreadable"


def test_refused_client_is_told_without_an_error_too(place: Place) -> None:
    """Status 401 is for clients only (RFC 6749 section 5.2)."""
    for body in (b"", b"<html>", b'{"error": ["invalid_client"]}', DEEP):
        place.provider.answers["/token"] = sends(body, 401)
        assert place.refusal().reason is LoginReason.CLIENT_REFUSED


# Invalid answers.


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", ProviderReason.NOT_JSON),
        (b"<html>", ProviderReason.NOT_JSON),
        (DEEP, ProviderReason.NOT_JSON),
        (b'{"a":' * 50_000, ProviderReason.NOT_JSON),
        (b"\xff\xfe\xfd", ProviderReason.NOT_JSON),
        (b'{"expires_in": ' + b"1" * 5000 + b"}", ProviderReason.NOT_JSON),
        (b"[]", ProviderReason.BAD_ANSWER),
        (b"null", ProviderReason.BAD_ANSWER),
        (b'"text"', ProviderReason.BAD_ANSWER),
        (b"1e999", ProviderReason.NOT_JSON),
        (b'{"expires_in": 1e999}', ProviderReason.NOT_JSON),
        (b'{"expires_in": NaN}', ProviderReason.NOT_JSON),
        (b'{"id_token": "a", "id_token": "b"}', ProviderReason.NOT_JSON),
        (b" " * (MOST_BYTES + 1), ProviderReason.TOO_LARGE),
    ],
)
def test_answer_that_is_no_document_is_an_outage(place: Place, body: bytes, reason: ProviderReason) -> None:
    """An answer that is not a JSON object is a failure of the provider, not of the person."""
    place.provider.answers["/token"] = sends(body)

    assert place.outage().reason is reason


@pytest.mark.parametrize("status", [201, 204, 302, 307, 404, 500, 502, 503])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"error": ["invalid_grant"]}', DEEP])
def test_answer_with_another_status_is_an_outage(place: Place, status: int, body: bytes) -> None:
    """A redirect is not followed, so the code and the secret go only to the configured host."""
    elsewhere = f"Location: {place.provider.url}/elsewhere"
    place.provider.answers["/token"] = sends(b"" if status == 204 else body, status, elsewhere)

    error = place.outage()

    assert (error.reason, error.facts) == (ProviderReason.BAD_STATUS, {"provider_status": str(status)})
    assert place.provider.asked_at("/elsewhere") == []


def test_error_code_of_a_failing_provider_is_an_outage(place: Place) -> None:
    """Status 500 is the provider's failure, with any body."""
    place.provider.answer("/token", {"error": "invalid_grant"}, 500)

    assert place.outage().reason is ProviderReason.BAD_STATUS


@pytest.mark.parametrize(
    "extra",
    [
        '"expires_in": [1]',
        '"expires_in": -1',
        '"expires_in": "soon"',
        '"token_type": ["Bearer"]',
        '"token_type": null',
        '"access_token": {"a": [[[[]]]]}',
        '"access_token": "\\ud800"',
        '"scope": 5',
        '"error": null',
        '"error": ["invalid_grant"]',
        '"refresh_token": true',
    ],
)
def test_members_that_do_not_matter_may_be_anything(place: Place, extra: str) -> None:
    """Other members of the answer may have any value, because only the ID token identifies the person."""
    place.provider.answers["/token"] = sends(f'{{"id_token": "{id_token()}", {extra}}}'.encode())

    assert place.redeem().subject == "user@example.com"


def test_content_type_does_not_matter(place: Place) -> None:
    """The content type does not matter, because some providers send JSON as text."""
    for content_type in ("text/html", "application/jwt", "\xff", ""):
        body = json.dumps(tokens()).encode()
        place.provider.answers["/token"] = sends(body, 200, f"Content-Type: {content_type}")
        assert place.redeem().subject == "user@example.com"


@pytest.mark.parametrize("value", [None, 5, True, [], ["a.b.c"], {"a": 1}])
def test_answer_without_an_id_token_is_a_failed_sign_in(place: Place, value: object) -> None:
    """Without an ID token the sign-in fails, as with a provider that only knows OAuth."""
    place.provider.answer("/token", {**tokens(), "id_token": value})

    assert place.refusal().reason is LoginReason.NO_ID_TOKEN


@pytest.mark.parametrize("text", ["", "not.a.jwt", "\ud800", "a" * 1000, "..", "é.é.é"])
def test_id_token_that_is_no_jwt_is_a_failed_sign_in(place: Place, text: str) -> None:
    """An ID token that is not a valid JWT fails with the reason of the JWT."""
    place.provider.answer("/token", {**tokens(), "id_token": text})

    assert isinstance(place.refusal().reason, SignInReason)


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "another"}, {"nonce": None}, {"nonce": ["the-nonce"]}, {"aud": "another"}, {"exp": 1}],
)
def test_id_token_of_another_request_is_a_failed_sign_in(place: Place, claims: dict[str, Any]) -> None:
    """An ID token counts only in answer to the request that had its nonce."""
    place.provider.answer("/token", tokens(**claims))

    assert isinstance(place.refusal().reason, SignInReason)


def test_id_token_with_a_thousand_groups_signs_in(governed: Place) -> None:
    """An ID token may be longer than a header, because it comes over our own connection."""
    groups = [f"{number:032x}" for number in range(999)]
    governed.provider.answer("/token", tokens(groups=[*groups, "admins"]))

    assert governed.redeem().role is Role.ADMIN


def test_id_token_that_is_too_large_says_so(governed: Place) -> None:
    """A too large ID token fails without the offer to retry, which would bring the same groups."""
    governed.provider.answer("/token", tokens(groups=["x" * 50_000]))

    reason = governed.refusal().reason

    assert reason is SignInReason.TOO_LARGE
    assert not reason.retry_helps


def resets(peer: socket) -> None:
    """End the connection with RST."""
    peer.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


@pytest.mark.parametrize(
    "behaviour",
    [
        resets,
        writes(b""),
        writes(b"HTTP/1.1 200 OK\r\n"),
        writes(b"nonsense\r\n\r\n"),
        writes(b"HTTP/1.1 abc OK\r\n\r\n"),
        writes(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n{}"),
        writes(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n{}"),
        writes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
        writes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n{}"),
        writes(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{"),
        writes(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{"),
        writes(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"),
    ],
)
def test_answer_that_is_not_http_is_an_outage(place: Place, behaviour: Behaviour) -> None:
    """A broken connection and an unreadable answer are failures of the provider."""
    place.provider.answers["/token"] = behaviour

    assert place.outage().reason in {ProviderReason.UNREACHABLE, ProviderReason.NOT_JSON}


def says_nothing(peer: socket) -> None:
    """Keep the connection, without an answer."""
    Event().wait(A_HANG)


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b" " * 2000


@pytest.mark.parametrize(
    "behaviour",
    [
        drips(ANSWER),
        drips(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 90),
        drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 500),
        drips(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 2000),
        says_nothing,
    ],
    ids=["body", "headers", "chunks", "no-length", "silence"],
)
def test_slow_answer_ends_at_the_deadline(place: Place, behaviour: Behaviour) -> None:
    """The whole exchange has one deadline, even if the answer comes byte by byte."""
    is_over = Event()

    def answer(peer: socket) -> None:
        behaviour(peer)
        is_over.set()

    place.provider.answers["/token"] = answer

    assert replace(place, seconds=0.4).outage().reason is ProviderReason.TOO_SLOW
    assert not is_over.is_set()


def test_interim_answers_are_no_answer(place: Place) -> None:
    """However many there are."""
    place.provider.answers["/token"] = writes(b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000)
    error = replace(place, seconds=0.4).outage()
    assert error.reason in {ProviderReason.TOO_SLOW, ProviderReason.UNREACHABLE}


def test_no_time_is_left_is_an_outage(place: Place) -> None:
    """If reading the configuration took all the time, no request for tokens is sent."""
    assert replace(place, seconds=0).outage().reason is ProviderReason.TOO_SLOW
    assert place.provider.asked == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TOKEN_MEMBERS = ("id_token", "access_token", "token_type", "expires_in", "error", "error_description")
USERINFO_MEMBERS = ("sub", "name", "preferred_username", "email", "email_verified", "groups", "iss", "exp")


@settings(max_examples=150)
@given(
    answer=JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(TOKEN_MEMBERS, JSON)),
    status=st.sampled_from([200, 302, 400, 401, 500]),
)
def test_any_token_answer_is_one_of_our_errors(served: Endpoints, answer: object, status: int) -> None:
    """Any JSON answer leads to an identity or to one of the two errors."""
    served.answer("/token", answer, status)
    with pytest.raises((LoginFailed, IdentityProviderUnavailable)):
        Place(served).redeem()


@settings(max_examples=150)
@given(
    answer=JSON
    | st.fixed_dictionaries(
        {"sub": st.just("user@example.com") | JSON}, optional=dict.fromkeys(USERINFO_MEMBERS[1:], JSON)
    ),
    admin_claim=st.sampled_from([None, ADMINS, parse_admin_claim("/groups/a=b")]),
)
def test_any_userinfo_is_a_sign_in_or_one_of_our_errors(
    served: Endpoints, answer: object, admin_claim: AdminClaim | None
) -> None:
    """Any JSON userinfo answer leads to the same person or to one of the two errors."""
    served.answer("/token", tokens(name=None, email=None))
    served.answer("/userinfo", answer)
    published = {"userinfo_endpoint": f"{served.url}/userinfo"}
    refused: set[Any] = set()
    try:
        identity = Place(served, admin_claim=admin_claim, published=published).redeem()
    except LoginFailed as refusal:
        refused = {refusal.reason}
    else:
        assert (identity.issuer, identity.subject) == (OWN, "user@example.com")
        assert isinstance(identity.name, str)
        assert isinstance(identity.email, str)
    assert refused <= {LoginReason.USERINFO_REFUSED}


@settings(max_examples=100)
@given(body=st.binary(max_size=300))
def test_any_bytes_are_one_of_our_errors(served: Endpoints, body: bytes) -> None:
    """Any bytes as the answer lead to one of the two errors."""
    served.answers["/token"] = writes(body)
    with pytest.raises((LoginFailed, IdentityProviderUnavailable)):
        Place(served).redeem()


# The profile.


def test_complete_id_token_is_not_completed(profiled: Place) -> None:
    """If the ID token is complete, userinfo is not requested."""
    profiled.redeem()

    assert profiled.provider.asked_at("/userinfo") == []


@pytest.mark.parametrize(
    ("lacking", "expected"),
    [
        ({"name": None}, ("Jo", "user@example.com")),
        ({"email": None}, ("User", "jo@example.com")),
        ({"name": None, "email": None}, ("Jo", "jo@example.com")),
        ({"name": "", "email": ""}, ("Jo", "jo@example.com")),
    ],
)
def test_userinfo_fills_in_what_the_id_token_lacks(
    profiled: Place, lacking: dict[str, Any], expected: tuple[str, str]
) -> None:
    """Userinfo is requested once with the access token. Claims of the ID token are kept."""
    profiled.provider.answer("/token", tokens(**lacking))
    profile = {"sub": "user@example.com", "name": "Jo", "email": "jo@example.com"}
    profiled.provider.answer("/userinfo", profile)

    identity = profiled.redeem()

    assert (identity.name, identity.email) == expected
    (asked,) = profiled.provider.asked_at("/userinfo")
    assert (asked.method, asked.headers["authorization"]) == ("GET", "Bearer the-token")


def test_provider_without_userinfo_is_asked_nothing(place: Place) -> None:
    """If userinfo fails, the sign-in works with the ID token alone."""
    place.provider.answer("/token", tokens(name=None, email=None))

    assert place.redeem().email == ""


def test_other_claims_of_userinfo_change_nothing(profiled: Place) -> None:
    """Userinfo changes neither the subject nor the time of the sign-in."""
    profiled.provider.answer("/token", tokens(name=None))
    forged = {"iss": "https://evil.example", "iat": 1, "exp": 1, "aud": "x", "nonce": "x", "oid": "y"}
    profiled.provider.answer("/userinfo", {"sub": "user@example.com", "name": "Jo", **forged})

    identity = profiled.redeem()

    assert (identity.issuer, identity.subject, identity.name) == (OWN, "user@example.com", "Jo")
    assert identity.issued_at == START


@pytest.mark.parametrize("claim", ["uid=user-2", "/uid/id=user-2"])
def test_userinfo_never_says_who_the_person_is(profiled: Place, claim: str) -> None:
    """The subject claim must be in the ID token, even if it is also the administrators' claim."""
    place = replace(profiled, subject_claim="uid", admin_claim=parse_admin_claim(claim))
    profiled.provider.answer("/token", tokens(name=None))
    profiled.provider.answer("/userinfo", {"sub": "user@example.com", "uid": "user-2"})

    assert place.refusal().reason is SignInReason.MISSING_SUBJECT
    assert profiled.provider.asked_at("/userinfo") == []

    profiled.provider.answer("/token", tokens(name=None, uid="user-1"))
    assert place.redeem().subject == "user-1"


@pytest.mark.parametrize("sub", ["other@example.com", "USER@example.com", "", "user@example.com "])
def test_userinfo_of_another_person_ends_the_sign_in(profiled: Place, sub: str) -> None:
    """Userinfo of another subject fails the sign-in (OpenID Connect Core section 5.3.2)."""
    profiled.provider.answer("/token", tokens(name=None))
    profiled.provider.answer("/userinfo", {"sub": sub, "name": "Other"})

    assert profiled.refusal().reason is LoginReason.USERINFO_REFUSED


FAILURES: list[Behaviour] = [
    sends(b"", 500),
    sends(b'{"error": "invalid_token"}', 401),
    sends(b"", 302, "Location: http://127.0.0.1:1/"),
    sends(b"eyJhbGciOiJSUzI1NiJ9.e30.AAAA", 200, "Content-Type: application/jwt"),
    sends(DEEP),
    sends(b"[]"),
    sends(b"{}"),
    sends(b'{"name": "Jo", "groups": ["admins"]}'),
    sends(b'{"sub": ["user@example.com"], "name": "Jo", "groups": ["admins"]}'),
    sends(b" " * (MOST_BYTES + 1)),
    resets,
    says_nothing,
]


@pytest.mark.parametrize("behaviour", FAILURES)
def test_failing_userinfo_does_not_fail_the_sign_in(profiled: Place, behaviour: Behaviour) -> None:
    """If userinfo fails, the person signs in without a name, and the log has the reason."""
    profiled.provider.answer("/token", tokens(name=None, groups=["admins"]))
    profiled.provider.answers["/userinfo"] = behaviour

    with canaries.recorded() as recorder:
        identity = replace(profiled, admin_claim=ADMINS, seconds=0.6).redeem()

    assert (identity.subject, identity.name, identity.role) == ("user@example.com", "", Role.ADMIN)
    (line,) = recorder.lines("login.userinfo_failed")
    assert line["level"] == "WARNING"
    assert line["reason"]


@pytest.mark.parametrize("endpoint", [*UNUSABLE[:3], "javascript:alert(1)", 5, ["https://a.example/"]])
def test_unusable_userinfo_endpoint_does_not_fail_the_sign_in(place: Place, endpoint: object) -> None:
    """A bad userinfo endpoint does not fail the sign-in, and is not called."""
    place.provider.answer("/token", tokens(name=None))

    identity = replace(place, published={"userinfo_endpoint": endpoint}).redeem()

    assert identity.subject == "user@example.com"


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": None},
        {"access_token": 5},
        {"access_token": ""},
        {"access_token": "a\r\nX-Other: b"},
        {"access_token": "\ud800"},
        {"access_token": "a" * 70_000},
        {"token_type": "DPoP"},
        {"token_type": ["Bearer"]},
        {"token_type": nested(25)},
    ],
)
def test_access_token_that_is_no_bearer_is_not_sent(profiled: Place, changes: dict[str, Any]) -> None:
    """An access token that could break a header or is bound to a key is not sent."""
    profiled.provider.answer("/token", {**tokens(name=None), **changes})

    assert profiled.redeem().subject == "user@example.com"

    assert profiled.provider.asked_at("/userinfo") == []


@pytest.mark.parametrize("token_type", ["bearer", "BEARER", None])
def test_type_of_the_access_token_is_compared_without_case(profiled: Place, token_type: str | None) -> None:
    """The token type is compared without case, and may be missing (RFC 6749 section 5.1)."""
    answer = {**tokens(name=None), "token_type": token_type}
    profiled.provider.answer("/token", {name: value for name, value in answer.items() if value})
    profiled.provider.answer("/userinfo", {"sub": "user@example.com", "name": "Jo"})

    assert profiled.redeem().name == "Jo"


@pytest.mark.parametrize(
    ("id_claims", "profile", "expected"),
    [
        ({"email": None}, {"email": "jo@example.com", "email_verified": True}, True),
        ({"email": None}, {"email": "jo@example.com", "email_verified": False}, False),
        ({"email": None}, {"email": "jo@example.com", "email_verified": "true"}, True),
        ({"email": None}, {"email": "jo@example.com"}, None),
        ({"email": None, "email_verified": True}, {"email": "jo@example.com"}, None),
        ({"email_verified": False, "name": None}, {"email": "x@y.example", "email_verified": True}, False),
    ],
)
def test_verification_comes_with_its_email(
    profiled: Place, id_claims: dict[str, Any], profile: dict[str, Any], expected: bool | None
) -> None:
    """A verification in one answer does not count for the address in the other."""
    profiled.provider.answer("/token", tokens(**id_claims))
    profiled.provider.answer("/userinfo", {"sub": "user@example.com", **profile})

    assert profiled.redeem().email_verified is expected


# The role.


@pytest.fixture
def governed(profiled: Place) -> Place:
    """Return a place with an administrators' claim that the ID token lacks."""
    return replace(profiled, admin_claim=ADMINS)


@pytest.mark.parametrize(
    ("profile", "role"),
    [
        ({"groups": ["users", "admins"]}, Role.ADMIN),
        ({"groups": "admins"}, Role.ADMIN),
        ({"groups": ["users"]}, Role.USER),
        ({"groups": []}, Role.USER),
        ({}, Role.USER),
    ],
)
def test_role_of_userinfo_counts_as_that_of_the_sign_in(
    governed: Place, profile: dict[str, Any], role: Role
) -> None:
    """If the ID token lacks the claim, userinfo decides. If userinfo lacks it too, the role ends."""
    governed.provider.answer("/userinfo", {"sub": "user@example.com", **profile})

    assert governed.redeem().role is role


@pytest.mark.parametrize("groups", [["admins"], ["users"], []])
def test_role_of_the_id_token_is_not_replaced(governed: Place, groups: list[str]) -> None:
    """Userinfo only adds a claim that is missing."""
    governed.provider.answer("/token", tokens(groups=groups, name=None))
    governed.provider.answer("/userinfo", {"sub": "user@example.com", "groups": ["admins", "users"]})

    assert governed.redeem().role is (Role.ADMIN if "admins" in groups else Role.USER)


def test_role_is_found_below_the_top(governed: Place) -> None:
    """A JSON pointer works in userinfo too, even if the ID token has a part of the path."""
    place = replace(governed, admin_claim=parse_admin_claim("/realm_access/roles=admin"))
    place.provider.answer("/token", tokens(realm_access={"other": 1}))
    place.provider.answer("/userinfo", {"sub": "user@example.com", "realm_access": {"roles": ["admin"]}})

    assert place.redeem().role is Role.ADMIN


@pytest.mark.parametrize("behaviour", FAILURES)
def test_failing_userinfo_says_nothing_about_the_role(governed: Place, behaviour: Behaviour) -> None:
    """If userinfo fails, the sign-in neither gives nor takes the role."""
    governed.provider.answers["/userinfo"] = behaviour

    assert replace(governed, seconds=0.6).redeem().role is None


def test_provider_without_userinfo_demotes_by_the_id_token(place: Place) -> None:
    """Without a userinfo endpoint, the ID token alone decides the role."""
    assert replace(place, admin_claim=ADMINS).redeem().role is Role.USER
