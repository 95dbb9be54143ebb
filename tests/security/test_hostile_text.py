"""Text that cannot be encoded, or hardly: in every place of every operation, and in every JWT.

Places and operations come from the registry. No answer is a 5xx, and no row holds such a text.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import msgspec
import pytest

from chalicelib import base64url, strict_json
from chalicelib.adapters import jws
from chalicelib.handlers.http.operations import Documented, documented
from tests.e2e.test_http_prefixes import Walk
from tests.oauth.caller import ASSERTION_TYPE, INTROSPECT
from tests.oauth.service import oauth_service
from tests.security.victim import CountingService
from tests.support import canaries
from tests.support.api import Api, api_of
from tests.support.clients import assertion
from tests.support.mapped import Mapped

TEXTS = {
    "lone high surrogate": "a\ud800b",
    "lone low surrogate": "\udc00",
    "surrogates in the wrong order": "\udc00\ud800",
    "NUL": "a\x00b",
    "noncharacter": "a\ufffeb",
    "line break": "a\r\nSet-Cookie: x=y",
    "huge": "x" * 5_000,
    "huge and wide": "\U0001f511" * 1_500,
}
SURROGATE = re.compile("[\ud800-\udfff]")
WITH_IDS = [each for each in documented() if each.operation.path_parameters]
IN_BODY = [
    pytest.param(each, field.name, id=f"{each.name} {field.name}")
    for each in documented()
    if each.operation.body
    for field in msgspec.structs.fields(each.operation.body)
]
IN_QUERY = [
    pytest.param(each, field.name, id=f"{each.name} {field.name}")
    for each in documented()
    if each.operation.query
    for field in msgspec.structs.fields(each.operation.query)
]
HEADERS = (
    "Authorization",
    "Cookie",
    "Host",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Origin",
    "X-CSRF-Token",
    "Content-Type",
    "User-Agent",
)
ASSERTION_CLAIMS = ("iss", "sub", "aud", "jti", "exp", "extra", "\ud800")
SIGN_IN_CLAIMS = ("iss", "sub", "aud", "name", "email", "azp", "nonce", "jti", "groups", "sid", "\ud800")


@pytest.fixture(scope="module")
def service() -> CountingService:
    """Return a service with all that can be configured."""
    return oauth_service(
        {"ADMIN_CLAIM": "groups=admins", "MAX_CREATIONS_PER_DAY": "100000", "MAX_TOKENS_PER_USER": "10000"}
    )


@pytest.fixture(scope="module")
def api(service: CountingService) -> Iterator[Api]:
    """Install the service."""
    with api_of(service) as api:
        yield api


@pytest.fixture
def walk(api: Api, service: CountingService) -> Walk:
    """Return the calls that would succeed."""
    return Walk(api, service)


def require_harmless(service: CountingService, request: tuple[str, str, dict[str, str], bytes]) -> None:
    """Send a request and fail for an unexpected error, or for a row that cannot be encoded."""
    with canaries.recorded() as recorder:
        answer = Mapped(service, "api.example.com", "").call(*request)
    assert answer.status < 500, answer.text
    assert [line for line in recorder.lines() if line.get("level") == "ERROR"] == []
    answer.text.encode()
    for value in answer.headers.values():
        assert "\n" not in str(value)
    kept = repr(vars(service.store)).lower()
    assert "\\ud800" not in kept
    assert "\\udc00" not in kept


@pytest.mark.parametrize(("each", "member"), IN_BODY)
def test_no_member_of_a_body_breaks_anything(
    service: CountingService, walk: Walk, each: Documented, member: str
) -> None:
    """As a text, in a list, and as the name of a member."""
    path, headers, body = walk.request(each)
    values = [(each_text, value) for each_text in TEXTS.values() for value in (each_text, [each_text])]
    for text, value in values:
        if each.operation.media_type == "application/json":
            changed = json.dumps({**json.loads(body or b"{}"), member: value}).encode()
        else:
            usual = {} if value is text else {text: "x"}
            changed = urlencode({**usual, member: text}, errors="surrogatepass").encode()
        require_harmless(service, (each.operation.method, path, headers, changed))


@pytest.mark.parametrize(("each", "name"), IN_QUERY)
def test_no_parameter_of_a_query_breaks_anything(
    service: CountingService, walk: Walk, each: Documented, name: str
) -> None:
    """Searches, cursors and choices, percent-encoded."""
    path, headers, body = walk.request(each)
    for text in TEXTS.values():
        target = f"{path}?{name}={quote(text, errors='surrogatepass')}"
        require_harmless(service, (each.operation.method, target, headers, body))


@pytest.mark.parametrize("each", WITH_IDS, ids=lambda each: each.name)
def test_no_segment_of_a_path_breaks_anything(
    service: CountingService, walk: Walk, each: Documented
) -> None:
    """Ids of another form belong to nothing."""
    _, headers, body = walk.request(each)
    quoted = [quote(text, safe="", errors="surrogatepass") for text in TEXTS.values()]
    for encoded in (*quoted, *TEXTS.values()):
        path = each.operation.documented_path.format(
            **dict.fromkeys(each.operation.path_parameters, encoded.replace("/", ""))
        )
        require_harmless(service, (each.operation.method, path, headers, body))


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("wanted", ["create_token", "change_token", "read_openapi", "exchange_token"])
def test_no_header_breaks_anything(service: CountingService, walk: Walk, wanted: str, name: str) -> None:
    """Credentials, keys, tags and addresses."""
    each = next(each for each in documented() if each.name == wanted)
    path, headers, body = walk.request(each)
    for text in TEXTS.values():
        require_harmless(service, (each.operation.method, path, {**headers, name: text}, body))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("claim", ASSERTION_CLAIMS)
def test_no_claim_of_a_client_assertion_breaks_anything(
    service: CountingService, api: Api, claim: str, text: str
) -> None:
    """A client with a good key may send any JSON. A ``jti`` that cannot be hashed is a 401."""
    audience = service.settings.issuer
    signed = assertion(service.clock.now(), audience, **{claim: text})
    with canaries.recorded() as recorder:
        answer = api.form(
            INTROSPECT,
            {"token": "x", "client_assertion": signed, "client_assertion_type": ASSERTION_TYPE},
        )
    assert answer.status in (200, 401)
    assert answer.status == 401 or not SURROGATE.search(text)
    assert [line for line in recorder.lines() if line.get("level") == "ERROR"] == []


def test_a_lone_surrogate_as_jti_is_an_invalid_client(service: CountingService, api: Api) -> None:
    """Neither an unexpected error nor a recorded use follows."""
    signed = assertion(service.clock.now(), service.settings.issuer, jti="\ud800")
    form = {"token": "x", "client_assertion": signed, "client_assertion_type": ASSERTION_TYPE}
    for _ in range(2):
        answer = api.form(INTROSPECT, form)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("claim", SIGN_IN_CLAIMS)
def test_no_claim_of_a_sign_in_breaks_anything(
    service: CountingService, api: Api, claim: str, text: str
) -> None:
    """Names are cleaned, subjects that cannot be kept are refused, and all else is ignored."""
    for value in (text,) if claim == "iss" else (text, [text]):
        person = service.provider.sign_in("hostile@example.com", **{claim: value})
        headers = {"Authorization": f"Bearer {person}"}
        require_harmless(service, ("GET", "/v1/me", headers, b""))


@pytest.mark.parametrize("text", ["\ud800", "\udc00\ud800", "\U0001f511\udd11"])
@pytest.mark.parametrize("shape", ['"{}"', '{{"{}": 1}}', '[["{}"]]', '{{"a": {{"b": "{}"}}}}'])
def test_a_jwt_has_whole_characters_at_any_depth(text: str, shape: str) -> None:
    """Escaped halves are refused as values and as names; escaped pairs are characters."""
    bounds = strict_json.Bounds(1_000, 8, 100)
    broken = shape.format(json.dumps(text)[1:-1])
    whole = shape.format(json.dumps("\U0001f511")[1:-1])
    with pytest.raises(strict_json.InvalidJson, match="half of a surrogate pair") as caught:
        strict_json.parse(broken, bounds, well_formed=True)
    assert caught.value.__cause__ is None
    assert strict_json.parse(whole, bounds, well_formed=True) == json.loads(whole)
    assert strict_json.parse(broken, bounds) == json.loads(broken)
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        jws.decode_json(base64url.encode(broken.encode()))


def test_a_text_that_holds_a_surrogate_itself_is_refused() -> None:
    """A setting may: the environment keeps bytes that are not UTF-8 as lone surrogates."""
    with pytest.raises(strict_json.InvalidJson):
        strict_json.parse('["\udcff"]', strict_json.Bounds(1_000, 8, 100), well_formed=True)
