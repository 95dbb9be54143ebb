"""The attack list: every case with the answer it must get."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from chalicelib.domain.ids import new_token_id, user_id_for
from chalicelib.domain.users import UserStatus
from chalicelib.handlers.authorizer import api_token_authorizer
from infra.local import policies
from tests.security.tokens_table import FORGERIES, Forgery
from tests.security.victim import METHOD_ARN, PREFIX, CountingService, Victim, authorizer_event, victim_of
from tests.support import canaries, challenges
from tests.support.api import Answer, api_of
from tests.support.builders import ISSUER

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PROTECTED = ("/api/whoami", "/api/echo")


def refusal(token: str) -> tuple[type[Exception], tuple[object, ...], object]:
    """Return all that API Gateway, and so the caller, sees of a refusal."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which type it is, is the question
        api_token_authorizer(authorizer_event(token), None)
    return caught.type, caught.value.args, caught.value.__cause__


REFUSED = (Exception, ("Unauthorized",), None)


# Strings that pretend to be tokens.


@pytest.mark.parametrize("forgery", FORGERIES, ids=[f.name for f in FORGERIES])
def test_forged_token_is_refused_like_any_other(victim: Victim, forgery: Forgery) -> None:
    """The caller sees one refusal, the log says which; strings not of ours cost no read at all."""
    token = forgery.forge(victim)
    canaries.remember(token)
    before = victim.service.store.calls
    with canaries.recorded() as recorder:
        seen = refusal(token)
    reads, touches, loads = (b - a for a, b in zip(before, victim.service.store.calls, strict=True))

    assert seen == REFUSED
    assert [(x["outcome"], x["reason"]) for x in recorder.lines("authorize")] == [
        ("refused", forgery.reason)
    ]
    assert (reads, touches, loads) == (forgery.reads, 0, 0)


@pytest.mark.parametrize("path", PROTECTED)
def test_every_forgery_gets_the_same_answer_over_http(victim: Victim, path: str) -> None:
    """No forgery opens a route, whichever of the two it is sent to."""
    method = "GET" if path == "/api/whoami" else "POST"
    answers = {
        forgery.name: victim.api.call(method, path, forgery.forge(victim), {"message": "hello"})
        for forgery in FORGERIES
    }
    assert {name: answer.status for name, answer in answers.items() if answer.status != 401} == {}
    assert len({answer.text for answer in answers.values()}) == 1


def test_unknown_kids_load_the_keys_once_per_cool_down(fresh_victim: Victim) -> None:
    """A flood of invented key ids costs one look at the keys, not one each."""
    before = fresh_victim.service.keys.loads
    fresh_victim.service.clock.advance(timedelta(seconds=11))
    for number in range(50):
        assert refusal(fresh_victim.signed(header=fresh_victim.header(kid=f"invented-{number}"))) == REFUSED
    assert fresh_victim.service.keys.loads - before == 1


@settings(max_examples=300)
@given(data=st.data())
def test_any_other_spelling_of_a_token_is_refused(victim: Victim, data: st.DataObject) -> None:
    """One character changed, added or left out anywhere: exactly one string is accepted per token."""
    place = data.draw(st.integers(0, len(victim.token) - 1))
    put = data.draw(
        st.sampled_from([*BASE64URL, ".", "=", " ", "\n", "\x00"]) | st.characters() | st.just("")
    )
    keep = data.draw(st.booleans())
    rest = victim.token[place:] if keep else victim.token[place + 1 :]
    mutated = victim.token[:place] + put + rest
    # Several spaces may follow the scheme (RFC 9110 section 11.6.2).
    if mutated.lstrip(" ") != victim.token:
        assert refusal(mutated) == REFUSED


def test_two_libraries_accept_the_string_that_we_accept(victim: Victim) -> None:
    """The unchanged string is a genuine JWS to PyJWT and joserfc, and says what we meant."""
    string = victim.token.removeprefix(PREFIX)
    public: dict[str, str | list[str]] = {
        "kty": "EC",
        "crv": "P-256",
        "x": victim.key.public.x,
        "y": victim.key.public.y,
    }
    by_joserfc = jws.deserialize_compact(string, ECKey.import_key(public), algorithms=["ES256"])
    by_pyjwt = jwt.PyJWS().decode(string, jwt.PyJWK(public | {"alg": "ES256"}), algorithms=["ES256"])

    assert api_token_authorizer(authorizer_event(victim.token), None)["principalId"] == victim.user_id
    assert json.loads(by_joserfc.payload) == json.loads(by_pyjwt) == victim.claims()
    assert by_joserfc.headers() == victim.header()


def test_signature_cannot_widen_the_scopes_of_the_row(victim: Victim) -> None:
    """Even a string signed by us opens no more than its row does."""
    reading = victim.api.create_token(victim.person, scopes=["api:read"])
    wider = victim.signed(claims=victim.claims(jti=reading["id"], scope="api:read api:write admin"))
    context = api_token_authorizer(authorizer_event(wider), None)["context"]
    assert context["scopes"] == "api:read"


@pytest.mark.parametrize("scheme", ["Basic", "Digest", "", "Token", "Bearer:"])
def test_other_schemes_open_nothing(victim: Victim, scheme: str) -> None:
    """A good token under another scheme is refused by the protected API and by management."""
    headers = {"Authorization": f"{scheme} {victim.token}"}
    assert victim.api.get("/api/whoami", headers=headers).status == 401
    answer = victim.api.get("/v1/me", headers=headers)
    assert (answer.status, answer.code) == (401, "not_authenticated")


def test_token_counts_in_the_header_only(victim: Victim) -> None:
    """A token in the query string or the body opens nothing."""
    for name in ("access_token", "token", "authorization"):
        assert victim.api.get(f"/api/whoami?{name}={victim.token}").status == 401
        assert victim.api.post("/api/echo", body={name: victim.token, "message": "x"}).status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/api/whoami/",
        "/api/whoami?authorization=x",
        "/api/whoami#x",
        "/api/whoami;x=1",
        "/api/whoami%2f",
        "/api/%77hoami",
        "/api/./whoami",
        "/api/x/../whoami",
        "//api/whoami",
        "/API/WHOAMI",
        "/api/*",
        "/v1/../api/whoami",
        "/v1/tokens/..",
        "/v1/tokens/../users",
        "/v1/%2e%2e/users",
    ],
)
def test_no_spelling_of_a_path_goes_around_the_door(victim: Victim, path: str) -> None:
    """Without a credential every spelling of a route is refused, none reaches what is behind it."""
    answer = victim.api.get(path)
    assert answer.status in (401, 403)
    assert "user" not in answer.text


# The policy that the gateway caches.


def policy_for(victim: Victim, token: str, arn: str) -> Mapping[str, Any]:
    """Return the one statement of the authorizer's policy."""
    (statement,) = api_token_authorizer(authorizer_event(token, arn), None)["policyDocument"]["Statement"]
    assert isinstance(statement, dict)
    return statement


def allows(statement: Mapping[str, Any], method: str, path: str) -> bool:
    """Return whether API Gateway would allow the call by this statement alone."""
    arn = f"arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/dev/{method}/{path.lstrip('/')}"
    return policies.allows({"policyDocument": {"Statement": [statement]}}, arn)


ARNS = [
    f"arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/dev/{method}/{path}"
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
    for path in (
        "api/whoami",
        "api/echo",
        "",
        "*",
        "api/*",
        "api/who*mi/**",
        "a:b/c",
        "v1/tokens/{token_id}",
    )
]


@pytest.mark.parametrize(
    ("scopes", "opened"),
    [
        (["api:read"], ["GET", "HEAD", "OPTIONS"]),
        (["api:write"], ["*"]),
        (["api:read", "api:write"], ["*"]),
    ],
)
def test_policy_is_the_same_whatever_was_called(
    victim: Victim, scopes: list[str], opened: list[str]
) -> None:
    """The policy names everything that the scopes open, from a fixed list, never the route at hand."""
    token = victim.api.create_token(victim.person, scopes=scopes)["token"]
    base = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/dev"
    expected = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": [f"{base}/{method}/*" for method in opened],
    }
    assert [policy_for(victim, token, arn) for arn in ARNS] == [expected] * len(ARNS)


@pytest.mark.parametrize("scopes", [["api:read"], ["api:write"], ["api:read", "api:write"]])
def test_policy_cached_by_one_route_is_right_on_the_other(victim: Victim, scopes: list[str]) -> None:
    """What the call of one route leaves in the cache decides as a fresh decision on the other would."""
    token = victim.api.create_token(victim.person, scopes=scopes)["token"]
    writes = "api:write" in scopes
    for arn in ARNS[:2]:
        cached = policy_for(victim, token, arn)
        assert allows(cached, "GET", "/api/whoami")
        assert allows(cached, "POST", "/api/echo") is writes
        assert allows(cached, "DELETE", "/anything/else") is writes
    assert victim.api.get("/api/whoami", token).status == 200
    assert victim.api.post("/api/echo", token, {"message": "x"}).status == (200 if writes else 403)


def test_view_checks_the_scope_even_where_the_policy_let_the_call_through(victim: Victim) -> None:
    """A reading token that a wider policy let through is refused by the view, as RFC 6750 says."""
    from app import app

    reading = victim.api.create_token(victim.person, scopes=["api:read"])["token"]
    context = api_token_authorizer(authorizer_event(reading), None)["context"]
    event = {
        "requestContext": {"httpMethod": "POST", "resourcePath": "/api/echo", "authorizer": context},
        "headers": {"content-type": "application/json"},
        "multiValueQueryStringParameters": None,
        "pathParameters": {},
        "stageVariables": None,
        "body": "{}",
    }
    answer = app(event, None)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (403, "insufficient_scope")
    assert answer["headers"]["WWW-Authenticate"] == challenges.WRITE_NEEDED


@pytest.mark.parametrize("context", [None, {}, {"principalId": "x"}, {"user_id": "x"}])
def test_view_without_an_authorizer_before_it_refuses(victim: Victim, context: object) -> None:
    """A view that no authorizer guards lets nobody in: never an allow by omission."""
    from app import app

    event = {
        "requestContext": {"httpMethod": "GET", "resourcePath": "/api/whoami", "authorizer": context},
        "headers": {"authorization": f"Bearer {victim.token}"},
        "multiValueQueryStringParameters": None,
        "pathParameters": {},
        "stageVariables": None,
        "body": None,
    }
    assert app(event, None)["statusCode"] == 401


# Management calls.


def management_routes() -> list[tuple[str, str]]:
    """Return every management route of the app, so that a new one is attacked too."""
    from app import app

    return [
        (method, path)
        for path, methods in sorted(app.routes.items())
        for method in sorted(methods)
        if path.startswith("/v1/")
    ]


ROUTES = management_routes()
# A token acts on itself, and anybody reports; all other calls want a person.
OPEN_ROUTES = [("POST", "/v1/exposed")]
SELF_ROUTES = [
    ("DELETE", "/v1/tokens/self"),
    ("DELETE", "/v1/tokens/self/predecessor"),
    ("POST", "/v1/tokens/self/rotate"),
]
# No job has it.
JOB_ID = "job_" + "1" * 26
PEOPLES_ROUTES = [route for route in ROUTES if route not in OPEN_ROUTES + SELF_ROUTES]
ADMIN_ROUTES = [
    (method, path) for method, path in ROUTES if path.startswith(("/v1/users", "/v1/admin", "/v1/events"))
]


def call(victim: Victim, method: str, path: str, credential: str | None, **options: Any) -> Answer:
    """Call a route on the victim's own ids."""
    there = path.format(token_id=victim.token_id, user_id=victim.user_id, job_id=JOB_ID)
    return victim.api.call(
        method, there, credential, {} if method in ("POST", "PATCH") else None, **options
    )


def state(victim: Victim) -> tuple[object, ...]:
    """Return everything that is stored."""
    return victim.service.store.everything()


def test_attack_list_covers_the_contract() -> None:
    """The routes attacked are those of the contract's table."""
    assert ROUTES == [
        ("POST", "/v1/admin/revocations"),
        ("GET", "/v1/admin/revocations/{job_id}"),
        ("GET", "/v1/admin/tokens"),
        ("GET", "/v1/events"),
        ("POST", "/v1/exposed"),
        ("GET", "/v1/me"),
        ("PATCH", "/v1/me"),
        ("GET", "/v1/me/events"),
        ("GET", "/v1/tokens"),
        ("POST", "/v1/tokens"),
        ("DELETE", "/v1/tokens/self"),
        ("DELETE", "/v1/tokens/self/predecessor"),
        ("POST", "/v1/tokens/self/rotate"),
        ("GET", "/v1/tokens/summary"),
        ("DELETE", "/v1/tokens/{token_id}"),
        ("GET", "/v1/tokens/{token_id}"),
        ("PATCH", "/v1/tokens/{token_id}"),
        ("GET", "/v1/tokens/{token_id}/events"),
        ("POST", "/v1/tokens/{token_id}/keep-alive"),
        ("POST", "/v1/tokens/{token_id}/rotate"),
        ("GET", "/v1/tokens/{token_id}/usage"),
        ("GET", "/v1/users"),
        ("DELETE", "/v1/users/{user_id}"),
        ("GET", "/v1/users/{user_id}"),
        ("PATCH", "/v1/users/{user_id}"),
        ("GET", "/v1/users/{user_id}/events"),
        ("GET", "/v1/users/{user_id}/events/summary"),
        ("DELETE", "/v1/users/{user_id}/tokens"),
        ("GET", "/v1/users/{user_id}/tokens"),
        ("GET", "/v1/users/{user_id}/tokens/summary"),
        ("DELETE", "/v1/users/{user_id}/tokens/{token_id}"),
        ("GET", "/v1/users/{user_id}/tokens/{token_id}"),
        ("PATCH", "/v1/users/{user_id}/tokens/{token_id}"),
        ("GET", "/v1/users/{user_id}/tokens/{token_id}/events"),
        ("GET", "/v1/users/{user_id}/tokens/{token_id}/usage"),
    ]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
@pytest.mark.parametrize(("method", "path"), PEOPLES_ROUTES)
def test_api_token_manages_nothing(victim: Victim, method: str, path: str, scheme: str) -> None:
    """Tokens cannot make, read or change tokens or users, on any route."""
    before = state(victim)
    answer = call(victim, method, path, None, headers={"Authorization": f"{scheme} {victim.token}"})
    assert (answer.status, answer.code) == (403, "api_token_not_allowed")
    assert state(victim) == before


@pytest.mark.parametrize(("method", "path"), PEOPLES_ROUTES)
def test_nobody_manages_nothing(victim: Victim, method: str, path: str) -> None:
    """Without a sign-in every management call is refused with a challenge."""
    before = state(victim)
    answer = call(victim, method, path, None)
    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="bodhi-api-tokens"'
    assert state(victim) == before


@pytest.mark.parametrize("forgery", FORGERIES, ids=[f.name for f in FORGERIES])
@pytest.mark.parametrize(("method", "path"), SELF_ROUTES)
def test_no_forgery_acts_on_a_token(victim: Victim, method: str, path: str, forgery: Forgery) -> None:
    """Every string of the table gets one refusal, with the challenge of RFC 6750, and changes nothing."""
    before = state(victim)
    answer = call(victim, method, path, forgery.forge(victim))
    assert (answer.status, answer.code) == (401, "invalid_token")
    assert answer.text == call(victim, method, path, "bodhi_x").text
    assert answer.headers["WWW-Authenticate"] == challenges.INVALID_TOKEN
    assert state(victim) == before


@pytest.mark.parametrize(("method", "path"), SELF_ROUTES)
def test_sign_in_is_no_token(victim: Victim, method: str, path: str) -> None:
    """Neither a person's JWT nor nothing at all stands for a token."""
    before = state(victim)
    for credential in (victim.person, None, ""):
        answer = call(victim, method, path, credential)
        assert (answer.status, answer.code) == (401, "invalid_token")
    assert state(victim) == before


def test_reports_of_forgeries_end_no_token(victim: Victim) -> None:
    """A string that a stranger makes up revokes nothing.

    A forgery that contains the whole token is left out, because it is a leak.
    """
    before = state(victim)
    strings = [forgery.forge(victim) for forgery in FORGERIES]
    made_up = [string for string in strings if victim.token not in string]
    assert len(made_up) > 0.9 * len(strings)
    for string in made_up:
        answer = victim.api.post("/v1/exposed", body={"tokens": [string[:4096]]})
        assert (answer.status, answer.json) == (202, {"status": "accepted"})
    assert state(victim) == before


@pytest.mark.parametrize(("method", "path"), ADMIN_ROUTES)
def test_plain_user_administers_nothing(victim: Victim, method: str, path: str) -> None:
    """Admin calls are refused on oneself and on others, existing or not, without a difference."""
    before = state(victim)
    on_self = call(victim, method, path, victim.person)
    on_other = call(victim, method, path, victim.other_person)
    nobody_id = user_id_for(ISSUER, "nobody@example.com")
    nobody = path.format(user_id=nobody_id, token_id=victim.token_id, job_id=JOB_ID)
    on_nobody = victim.api.call(method, nobody, victim.person, {})
    assert (on_self.status, on_self.code) == (403, "admin_required")
    assert on_self.text == on_other.text == on_nobody.text
    assert state(victim) == before


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PATCH", {"name": "mine"}), ("DELETE", None)])
def test_anothers_token_looks_like_an_unknown_one(victim: Victim, method: str, body: object) -> None:
    """Another user's id, an unknown id and no id at all get one and the same answer."""
    before = state(victim)
    unknown = new_token_id(victim.service.clock.now())
    ids = (victim.other_token_id, unknown, "tok_short", "*", "..", "%2e%2e", "%00", "#", victim.user_id)
    answers = [victim.api.call(method, f"/v1/tokens/{i}", victim.person, body) for i in ids if i != "#"]
    assert [(a.status, a.code) for a in answers] == [(404, "token_not_found")] * len(answers)
    assert len({a.text for a in answers}) == 1
    assert state(victim) == before


@pytest.mark.parametrize("user_id", ["usr_short", "*", "..", "%2e%2e", "%00", "U", "usr_" + "a" * 32])
def test_administrator_cannot_reach_beside_the_users(victim: Victim, user_id: str) -> None:
    """Ids of another form are unknown users, never keys of other items."""
    admin = victim.service.provider.sign_in("admin@example.com")
    for method, path in ADMIN_ROUTES:
        if "{user_id}" not in path:
            continue
        body = {"status": "inactive"} if method == "PATCH" else None
        there = path.format(user_id=user_id, token_id=victim.token_id)
        answer = victim.api.call(method, there, admin, body)
        assert (answer.status, answer.code) == (404, "user_not_found")


FOREIGN_MEMBERS: dict[str, object] = {
    "id": "tok_" + "0" * 36,
    "user_id": "usr_" + "a" * 32,
    "owner": "usr_" + "a" * 32,
    "scope": "api:write",
    "generation": "x",
    "version": 1,
    "state": "active",
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-01T00:00:00Z",
    "last_used_at": "2020-01-01T00:00:00Z",
    "idle_at": "2099-01-01T00:00:00Z",
    "purge_at": 0,
    "expires_at": "2099-01-01T00:00:00Z",
    "revoked_at": None,
    "revoked_reason": None,
    "effective_by": "2020-01-01T00:00:00Z",
    "token": "mine",
    "role": "admin",
    "live_tokens": 0,
    "__class__": "x",
    "Name": "case",
    "name ": "space",
}


@pytest.mark.parametrize("name", [*FOREIGN_MEMBERS, "status"])
def test_creation_takes_no_foreign_member(victim: Victim, name: str) -> None:
    """A member that is not the client's to set is refused, and no token is made."""
    before = state(victim)
    body = {"name": "ci", name: FOREIGN_MEMBERS.get(name, "active")}
    answer = victim.api.post("/v1/tokens", victim.person, body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert state(victim) == before


@pytest.mark.parametrize("name", [*FOREIGN_MEMBERS, "scopes", "expires_in_days"])
def test_change_takes_no_foreign_member(victim: Victim, name: str) -> None:
    """A member that is not the client's to set is refused, and the others are not applied either."""
    before = state(victim)
    body = {"name": "changed", name: FOREIGN_MEMBERS.get(name, ["api:read"])}
    answer = victim.api.patch(f"/v1/tokens/{victim.token_id}", victim.person, body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert state(victim) == before


@pytest.mark.parametrize("status", ["revoked", "idle", "expired", "ACTIVE", "", "removed"])
def test_change_sets_no_status_but_the_two(victim: Victim, status: str) -> None:
    """Only pausing and re-activating go by PATCH."""
    before = state(victim)
    answer = victim.api.patch(
        f"/v1/tokens/{victim.token_id}", victim.person, {"name": "x", "status": status}
    )
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert state(victim) == before


@pytest.mark.parametrize("body", [{"status": "active"}, {"status": "inactive"}, {"name": "alive"}])
def test_revoked_token_comes_back_in_no_way(fresh_victim: Victim, body: object) -> None:
    """Revocation is final: nothing changes the row any more."""
    path = f"/v1/tokens/{fresh_victim.token_id}"
    fresh_victim.api.delete(path, fresh_victim.person)
    before = state(fresh_victim)
    answer = fresh_victim.api.patch(path, fresh_victim.person, body)
    assert (answer.status, answer.code) == (409, "token_revoked")
    assert state(fresh_victim) == before
    assert fresh_victim.api.get("/api/whoami", fresh_victim.token).status == 401


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"status": "inactive"}), ("DELETE", None)])
def test_administrator_cannot_lock_out_the_own_account(victim: Victim, method: str, body: object) -> None:
    """The last administrator cannot vanish by mistake."""
    admin = victim.service.provider.sign_in("admin@example.com")
    own = victim.api.get("/v1/me", admin).json["id"]
    answer = victim.api.call(method, f"/v1/users/{own}", admin, body)
    assert (answer.status, answer.code) == (409, "own_account")
    owner = victim.service.store.find_user(own)
    assert owner
    assert owner.status is UserStatus.ACTIVE


def test_removed_users_old_sign_in_does_not_revive_the_account(fresh_victim: Victim) -> None:
    """A JWT from before the removal, still valid at the provider, brings nothing back."""
    admin = fresh_victim.service.provider.sign_in("admin@example.com")
    assert fresh_victim.api.delete(f"/v1/users/{fresh_victim.user_id}", admin).status == 204
    for method, path in PEOPLES_ROUTES:
        answer = call(fresh_victim, method, path, fresh_victim.person)
        assert (answer.status, answer.code) == (403, "user_inactive")
    owner = fresh_victim.service.store.find_user(fresh_victim.user_id)
    assert owner
    assert owner.status is UserStatus.REMOVED
    assert fresh_victim.api.get("/api/whoami", fresh_victim.token).status == 401


# Sign-ins that the provider did not make, or not for us.


@dataclass(frozen=True, slots=True)
class ForgedSignIn:
    """A JWT that must not count as a sign-in."""

    name: str
    claims: Mapping[str, object] = field(default_factory=dict)
    resign: Callable[[str], str] | None = None


def _unsigned(genuine: str) -> str:
    return jwt.encode(jwt.decode(genuine, options={"verify_signature": False}), "", algorithm="none")


def _by_another_key(genuine: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    claims = jwt.decode(genuine, options={"verify_signature": False})
    header = {"kid": jwt.get_unverified_header(genuine)["kid"]}
    return jwt.encode(claims, generate_private_key(65537, 2048), algorithm="RS256", headers=header)


def _by_public_key(genuine: str) -> str:
    """Sign with HMAC and the public key, which PyJWT itself refuses to do."""
    import hashlib
    import hmac

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from chalicelib import base64url
    from chalicelib.adapters import jws
    from tests.support.provider import KID, provider_key

    public = provider_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = jws.encode_json({"alg": "HS256", "kid": KID, "typ": "JWT"})
    message = f"{header}.{genuine.split('.')[1]}"
    return f"{message}.{base64url.encode(hmac.new(public, message.encode(), hashlib.sha256).digest())}"


FORGED_SIGN_INS = [
    ForgedSignIn("alg none", resign=_unsigned),
    ForgedSignIn("another key under the same kid", resign=_by_another_key),
    ForgedSignIn("HMAC with the public key", resign=_by_public_key),
    ForgedSignIn("signature cut off", resign=lambda g: g.rpartition(".")[0] + "."),
    ForgedSignIn("payload of another", resign=lambda g: g.replace(".", ".A", 1)),
    ForgedSignIn("non-ASCII", resign=lambda g: g + "\u00e9"),
    ForgedSignIn("lone surrogate", resign=lambda g: g + "\ud800"),
    ForgedSignIn("longer than 16 KB", resign=lambda g: g + "A" * 16_384),
    ForgedSignIn("issuer with a slash", {"iss": f"{ISSUER}/"}),
    ForgedSignIn("another issuer", {"iss": "https://evil.example"}),
    ForgedSignIn("no issuer", {"iss": None}),
    ForgedSignIn("another audience", {"aud": "somebody-else"}),
    ForgedSignIn("audience in another case", {"aud": "BODHI-TEST"}),
    ForgedSignIn("audience prefix", {"aud": "bodhi-test-2"}),
    ForgedSignIn("no audience", {"aud": None}),
    ForgedSignIn("no audience but client_id, not from Cognito", {"aud": None, "client_id": "bodhi-test"}),
    ForgedSignIn("list of other audiences", {"aud": ["a", "b"]}),
    ForgedSignIn("no expiry", {"exp": None}),
    ForgedSignIn("expired long ago", {"exp": 1}),
    ForgedSignIn("expiry beyond all time", {"exp": 1e300}),
    ForgedSignIn("expiry true", {"exp": True}),
    ForgedSignIn("not yet valid", {"nbf": 4_000_000_000}),
    ForgedSignIn("signed in the future", {"iat": 4_000_000_000}),
    ForgedSignIn("no subject", {"sub": None}),
    ForgedSignIn("empty subject", {"sub": ""}),
    ForgedSignIn("subject too long", {"sub": "s" * 256}),
]


@pytest.mark.parametrize("forged", FORGED_SIGN_INS, ids=[f.name for f in FORGED_SIGN_INS])
def test_forged_sign_in_is_nobody(victim: Victim, forged: ForgedSignIn) -> None:
    """Only what the configured provider signed for us, now, signs somebody in."""
    before = state(victim)
    genuine = victim.service.provider.sign_in("admin@example.com", **forged.claims)
    credential = forged.resign(genuine) if forged.resign else genuine
    answer = victim.api.get("/v1/users", credential)
    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert state(victim) == before


def test_same_subject_at_two_issuers_is_two_users() -> None:
    """The pair of issuer and subject is a person, and no concatenation of them is another."""
    pairs = [(ISSUER, "a"), ("https://evil.example", "a"), (ISSUER + "a", ""), (ISSUER + '", "', "a")]
    assert len({user_id_for(issuer, subject) for issuer, subject in pairs}) == len(pairs)


@pytest.mark.parametrize("member", ["name", "description"])
def test_lone_surrogate_is_refused_and_nothing_breaks(victim: Victim, member: str) -> None:
    """Text that cannot be encoded is a bad request, and its log line is still written."""
    before = state(victim)
    with canaries.recorded() as recorder:
        body = b'{"' + member.encode() + b'": "\\ud800"}'
        answer = victim.api.post("/v1/tokens", victim.person, body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert [line["reason"] for line in recorder.lines("token.create")] == ["invalid_request"]
    assert state(victim) == before


def test_attacks_leave_the_victim_unharmed() -> None:
    """After all forgeries the good token works as before: no attack locks its owner out."""
    service = CountingService()
    with api_of(service) as api:
        victim = victim_of(api, service)
        for forgery in FORGERIES:
            refusal(forgery.forge(victim))
        assert METHOD_ARN.endswith("/api/whoami")
        assert api.get("/api/whoami", victim.token).json["token_id"] == victim.token_id
