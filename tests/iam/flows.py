"""The calls of people and programs. Each flow has its own people. ``ALL`` has the flows in order.

A function that is new, or a call that is, gets its flow here: until then the proof fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.adapters.aws import secret_client
from chalicelib.adapters.dynamodb.key_store import DynamoDBKeyStore
from chalicelib.adapters.oidc.client_secret import stored_value
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.keys import KeyUse
from chalicelib.handlers.http.pages import assets_version
from chalicelib.handlers.oauth.forms import TOKEN_EXCHANGE
from chalicelib.services import revocation_jobs, revocation_targets
from chalicelib.services.sweep import TOKENS_AT_A_TIME
from infra.aws.operate.key_rollover import Operator
from infra.aws.package.functions import PAGE as FUNCTION_OF_THE_PAGE
from infra.aws.package.publishing import MAPPING as EVENTS_OUT
from tests.iam.gateway import DOORS, HOST
from tests.iam.stack import CLIENT_SECRET_ARN, NAMED_PARAMETER_ARN, NAMED_SECRET_ARN, REGION
from tests.oauth.caller import ACCESS_TOKEN, ASSERTION_TYPE, ID_TOKEN, INTROSPECT, REVOKE, TOKEN, basic
from tests.support.actors import JOURNAL
from tests.support.builders import ISSUER
from tests.support.clients import KEYED_SERVER, assertion
from tests.support.service import ENVIRON
from tests.support.stream import handed_on, records_between

if TYPE_CHECKING:
    from tests.iam.walk import Walk

JOBS = "/v1/admin/revocations"
PAGE = "/settings/api-tokens"
OPEN_TO_ALL = (
    "/",
    "/signed-out",
    "/docs",
    "/openapi.json",
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/api",
)


def manage_tokens(walk: Walk) -> None:
    """The first token of all, and what its owner may do with tokens."""
    person = walk.somebody()
    jwt = walk.provider.sign_in(person)
    walk.call("GET", "/v1/me", jwt)
    body = {"name": "once", "expires_in_days": 30}
    path = f"/v1/tokens/{walk.call('POST', '/v1/tokens', jwt, body, Idempotency_Key='key-1').json['id']}"
    assert walk.refused("POST", "/v1/tokens", jwt, body, Idempotency_Key="key-1").status == 409
    for change in ({"name": "new"}, {"status": "inactive"}, {"status": "active"}):
        walk.call("PATCH", path, jwt, change)
    for look in ("?limit=1", "?sort=name", "?include=usage", "/summary"):
        walk.call("GET", f"/v1/tokens{look}", jwt)
    for look in (path, f"{path}/usage", f"{path}/events?limit=1", "/v1/me/events"):
        walk.call("GET", look, jwt)
    walk.call("POST", f"{path}/keep-alive", jwt)
    for wanted in (False, True, False):
        walk.call("PATCH", "/v1/me", jwt, {"notices": wanted})
    successor = walk.made(f"{path}/rotate", person, overlap_seconds=3600)
    walk.made(f"/v1/tokens/{successor['id']}/rotate", person, overlap_seconds=60)
    walk.call("DELETE", f"/v1/tokens/{walk.token(person)['id']}", jwt)


def fill_the_quota(walk: Walk) -> None:
    """Tokens that have expired make room by a new count."""
    person = walk.somebody()
    for _ in range(5):
        walk.token(person, expires_in_days=1)
    assert walk.refused("POST", "/v1/tokens", walk.provider.sign_in(person)).status == 409
    walk.advance(days=2)
    walk.token(person)


def use_tokens_on_themselves(walk: Walk) -> None:
    """The token as its own credential, also when it was rotated out."""
    person = walk.somebody()
    old = walk.token(person)
    new = walk.call("POST", "/v1/tokens/self/rotate", old["token"]).json["token"]
    walk.call("GET", "/api/whoami", new)
    walk.call("POST", "/api/echo", new, {"message": "x"})
    for _ in range(2):
        walk.advance(minutes=10)
        assert walk.refused("DELETE", "/v1/tokens/self", old["token"]).status == 401
    walk.call("DELETE", "/v1/tokens/self", walk.token(person)["token"])


def grow_a_line(walk: Walk) -> None:
    """A job that rotates itself with overlaps, puts the old token away, and has its first one reported."""
    first = walk.token(walk.somebody())["token"]
    newest = first
    for _ in range(3):
        newest = walk.call("POST", "/v1/tokens/self/rotate", newest, {"overlap_seconds": 3600}).json[
            "token"
        ]
    walk.call("DELETE", "/v1/tokens/self/predecessor", newest)
    walk.call("POST", "/v1/exposed", body={"tokens": [first]})
    assert walk.refused("GET", "/api/whoami", newest).status == 401


def report_an_exposed_token(walk: Walk) -> None:
    """Anybody may."""
    walk.call("POST", "/v1/exposed", body={"tokens": [walk.token(walk.somebody())["token"]]})


def speak_oauth(walk: Walk) -> None:
    """Exchange, derive, introspect as both kinds of client, revoke."""
    exchange = {"grant_type": TOKEN_EXCHANGE, "subject_token_type": ID_TOKEN}
    jwt = walk.provider.sign_in(walk.somebody())
    token = walk.form(TOKEN, {**exchange, "subject_token": jwt}).json["access_token"]
    derive_access_token(walk, token)
    walk.form(INTROSPECT, {"token": token}, **basic())
    signed = assertion(walk.clock.now(), ENVIRON["ISSUER"])
    client = {
        "client_id": KEYED_SERVER,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed,
    }
    walk.form(INTROSPECT, {"token": token, **client})
    walk.form(REVOKE, {"token": token})


def derive_access_token(walk: Walk, token: str) -> None:
    """Exchange an API token for an access token."""
    wanted = {"subject_token_type": ACCESS_TOKEN, "audience": "https://other.example.com"}
    walk.form(TOKEN, {"grant_type": TOKEN_EXCHANGE, "subject_token": token, **wanted})


def roll_over_signing_keys(walk: Walk) -> None:
    """Roll both rings over. The new keys sign like the stack's own keys."""
    for use in KeyUse:
        keys = DynamoDBKeyStore(walk.cloud.dynamodb, walk.cloud.table, use)
        operator = Operator(use, keys, walk.cloud.kms, walk.clock, JOURNAL, say=lambda _: None)
        operator.roll_over("", timedelta(0))
    walk.advance(minutes=1)
    derive_access_token(walk, walk.token(walk.somebody())["token"])


def administer(walk: Walk) -> None:
    """Administer a user, who comes back by a JWT after the removal."""
    person = walk.somebody()
    user = f"/v1/users/{user_id_for(ISSUER, person)}"
    token = f"{user}/tokens/{walk.token(person)['id']}"
    walk.call("GET", "/v1/users", walk.admin)
    token_id = token.rpartition("/")[2]
    for look in (
        user,
        token,
        f"{token}/usage",
        f"{token}/events",
        f"{user}/events",
        f"{user}/events/summary",
        f"/v1/admin/tokens?token_id={token_id}",
        "/v1/admin/tokens",
        "/v1/events",
    ):
        walk.call("GET", look, walk.admin)
    for status in ("inactive", "active"):
        walk.call("PATCH", token, walk.admin, {"status": status})
    walk.call("DELETE", token, walk.admin)
    walk.call("DELETE", f"{user}/tokens", walk.admin)
    walk.call("GET", f"{user}/tokens?include=usage", walk.admin)
    walk.call("GET", f"{user}/tokens/summary", walk.admin)
    for change in (
        {"status": "inactive"},
        {"status": "active", "restore_tokens": True},
        {"status": "inactive"},
        {"status": "active"},
    ):
        walk.call("PATCH", user, walk.admin, change)
    walk.call("DELETE", user, walk.admin)
    walk.advance(minutes=2)
    walk.call("GET", "/v1/me", walk.provider.sign_in(person))
    walk.call("GET", "/v1/me", walk.provider.sign_in(person, name="Other", email="other@example.com"))


def administer_by_claim(walk: Walk) -> None:
    """Have an administrator by claim end a token, deactivate its user and revoke the own tokens."""
    admin, person = walk.somebody(), walk.somebody()
    jwt = walk.provider.sign_in(admin, groups=["admins"])
    token = walk.token(person)["id"]
    walk.call("DELETE", f"/v1/users/{user_id_for(ISSUER, person)}/tokens/{token}", jwt)
    walk.call("PATCH", f"/v1/users/{user_id_for(ISSUER, person)}", jwt, {"status": "inactive"})
    walk.call("DELETE", f"/v1/users/{user_id_for(ISSUER, admin)}/tokens", jwt)


def visit_the_page(walk: Walk) -> None:
    """Sign in, look, let time pass, ask the API by the session, sign out."""
    for path in (*OPEN_TO_ALL, f"/assets/{assets_version()}/page.js"):
        walk.call("GET", path)
        walk.call("HEAD", path)
    cookie = sign_in_at_the_page(walk, walk.somebody())
    walk.call("GET", "/v1/me", Cookie=cookie)
    walk.advance(minutes=30)
    walk.call("GET", "/v1/me", Cookie=cookie)
    walk.advance(minutes=30)
    walk.call("HEAD", PAGE, Cookie=cookie)
    shown = walk.call("GET", PAGE, Cookie=cookie).text
    found = re.search(r'data-csrf-token="([^"]*)"', shown)
    assert found
    walk.call("POST", "/logout", Cookie=cookie, Origin=f"https://{HOST}", X_CSRF_Token=found[1])
    assert walk.call("GET", PAGE, Cookie=cookie).status == 302


def return_to_the_page(walk: Walk) -> None:
    """A person renamed, a person removed, a user who becomes an administrator, one from the start."""
    person = walk.somebody()
    renamed = walk.provider.sign_in(person, name="Other", email="other@example.com")
    walk.call("GET", "/v1/me", renamed)
    walk.advance(seconds=1)
    sign_in_at_the_page(walk, person)
    walk.call("DELETE", f"/v1/users/{user_id_for(ISSUER, person)}", walk.admin)
    walk.advance(minutes=2)
    sign_in_at_the_page(walk, person)
    promoted = f"admin-{walk.somebody()}"
    walk.call("GET", "/v1/me", walk.provider.sign_in(promoted))
    walk.advance(seconds=1)
    sign_in_at_the_page(walk, promoted)
    sign_in_at_the_page(walk, f"admin-{walk.somebody()}")


def sign_in_in_two_tabs(walk: Walk) -> None:
    """Two sign-ins at once; a callback again; a cancelled sign-in; another person in the same browser."""
    person, tabs = walk.somebody(), [leave_for_the_provider(walk) for _ in range(2)]
    for callback, cookie in tabs:
        kept = str(walk.call("GET", f"{callback}&code={person}", Cookie=cookie).headers["Cookie"])
        assert walk.call("GET", f"{callback}&code={person}", Cookie=f"{cookie}; {kept}").status == 302
    callback, cookie = leave_for_the_provider(walk)
    assert walk.refused("GET", f"{callback}&error=access_denied", Cookie=cookie).status == 400
    callback, cookie = leave_for_the_provider(walk)
    other = f"{callback}&code={walk.somebody()}"
    walk.call("GET", other, Cookie=f"{cookie}; {kept}")
    assert walk.call("GET", PAGE, Cookie=kept).status == 302


def sign_in_at_the_page(walk: Walk, person: str) -> str:
    """Go to the provider and come back; return the cookies."""
    callback, cookie = leave_for_the_provider(walk)
    return str(walk.call("GET", f"{callback}&code={person}", Cookie=cookie).headers["Cookie"])


def leave_for_the_provider(walk: Walk) -> tuple[str, str]:
    """Begin to sign in; return the callback without the provider's answer, and the cookie."""
    leaving = walk.call("GET", f"/login?return_to={PAGE}")
    state = parse_qs(urlsplit(leaving.headers["Location"]).query)["state"][0]
    return f"/login/callback?state={state}", str(leaving.headers["Cookie"])


def pass_every_door(walk: Walk) -> None:
    """A token that is used, used again, and used after it was rotated out by its owner or itself."""
    for door in DOORS:
        person = walk.somebody()
        token = walk.token(person)
        for _ in range(2):
            assert walk.gateway.decide(door, token["token"])
            walk.advance(minutes=10)
        walk.made(f"/v1/tokens/{token['id']}/rotate", person)
        for _ in range(2):
            walk.advance(minutes=10)
            assert not walk.gateway.decide(door, token["token"])
        itself = walk.token(person)["token"]
        walk.call("POST", "/v1/tokens/self/rotate", itself)
        assert not walk.gateway.decide(door, itself)


def flush_caches(walk: Walk) -> None:
    """Hand on the records of the table's stream about a revocation."""
    person = walk.somebody()
    token = walk.token(person)
    before = walk.cloud.rows()
    walk.call("DELETE", f"/v1/tokens/{token['id']}", walk.provider.sign_in(person))
    walk.gateway.stream(handed_on(records_between(before, walk.cloud.rows())))


def revoke_many_tokens(walk: Walk) -> None:
    """Jobs by ids and by a filter. Lines and the administrator's own tokens end, also by the sweep.

    First, jobs pause some of them.
    """
    person, admin = walk.somebody(), walk.somebody()
    owners = [walk.provider.sign_in(person), walk.provider.sign_in(admin, groups=["admins"])]
    jwt = owners[1]
    for is_dry_run in (True, False):
        job = {"token_ids": [_grown(walk, own) for own in owners], "reason": "exposed"}
        started = walk.call(
            "POST", JOBS, jwt, {**job, "dry_run": is_dry_run}, Idempotency_Key=f"{is_dry_run}"
        )
        walk.call("GET", f"{JOBS}/{started.json['id']}", jwt)
    named = [_grown(walk, own) for own in owners for _ in range(2)]
    unknown, damaged = f"tok_{'0' * 36}", str(walk.token(person)["id"])
    (row,) = [row for row in walk.cloud.rows() if row["sk"]["S"] == f"T#{damaged}"]
    unreadable = {name: each for name, each in row.items() if name != "state"}
    walk.cloud.dynamodb.put_item(TableName=walk.cloud.table, Item=unreadable)
    with pytest.MonkeyPatch.context() as small:
        small.setattr(revocation_jobs, "MOST_AT_ONCE", 1)
        small.setattr(revocation_targets, "TOKENS_AT_A_TIME", 2)
        wanted: list[dict[str, object]] = [
            # A damaged token can be revoked, but not paused.
            {"token_ids": [*named[:3], damaged], "action": "pause"},
            {"token_ids": [*named[1:], unknown, damaged]},
            {"filter": {"q": "many"}},
        ]
        for number, each in enumerate(wanted):
            body = {**each, "reason": "admin"}
            walk.call("POST", JOBS, jwt, body, Idempotency_Key=f"{number}")
        walk.advance(minutes=1)
        walk.gateway.sweep()
    walk.cloud.dynamodb.put_item(TableName=walk.cloud.table, Item=row)


def _grown(walk: Walk, jwt: str) -> str:
    """Return the id of a new token that has rotated itself."""
    made = walk.call("POST", "/v1/tokens", jwt, {"name": "many"}).json
    walk.call("POST", "/v1/tokens/self/rotate", made["token"], {"overlap_seconds": 60})
    return str(made["id"])


def publish_events(walk: Walk) -> None:
    """Send the event of a rotation, write the event of a reuse, and tell the owner of an exposed token."""
    person = walk.somebody()
    walk.call("GET", "/v1/me", walk.provider.sign_in(person, email_verified=True))
    token, exposed = walk.token(person), walk.token(person)
    before = walk.cloud.rows()
    walk.made(f"/v1/tokens/{token['id']}/rotate", person)
    walk.advance(minutes=10)
    assert not walk.gateway.decide("RestRequestAuthorizer", token["token"])
    walk.call("POST", "/v1/exposed", body={"tokens": [exposed["token"]]})
    walk.gateway.publish(handed_on(records_between(before, walk.cloud.rows()), EVENTS_OUT))


def sweep_tokens(walk: Walk) -> None:
    """Walk through all users, one of whom was removed, and rows of 0.1. On the next day, do it again."""
    person = walk.somebody()
    token, door = walk.token(person)["token"], "RestRequestAuthorizer"
    assert walk.gateway.decide(door, token)
    user = user_id_for(ISSUER, person)
    walk.call("DELETE", f"/v1/users/{user}", walk.admin)
    assert not walk.gateway.decide(door, token)
    old = next(row for row in walk.cloud.rows() if row["pk"]["S"] == f"U#{user}" and "by_pk" in row)
    row = {name: each for name, each in old.items() if name not in {"by_pk", "by_sk"}}
    # More tokens than one page has.
    for number in range(TOKENS_AT_A_TIME + 1):
        copy = row | {"sk": {"S": f"{row['sk']['S'][:-3]}{number:03}"}}
        walk.cloud.dynamodb.put_item(TableName=walk.cloud.table, Item=copy)
    for _ in range(2):
        walk.gateway.sweep()
        walk.advance(days=1)
    other = walk.somebody()
    walk.call("GET", "/v1/me", walk.provider.sign_in(other, email_verified=True))
    walk.token(other, expires_in_days=30)
    for days in (25, 3):
        walk.advance(days=days)
        walk.recorder.ses_status = 503
        walk.gateway.sweep()
        walk.advance(minutes=5)
        walk.gateway.sweep()
    # SES is away until the next day.
    walk.advance(days=1)
    walk.recorder.ses_status = 503
    walk.gateway.sweep()
    walk.advance(days=1)
    walk.gateway.sweep()


def read_the_client_secret(walk: Walk) -> None:
    """From the stack's own secret, from the operator's, and from the operator's parameter."""
    walk.recorder.names.update(
        {
            _made_secret("given"): CLIENT_SECRET_ARN,
            _made_secret("named"): NAMED_SECRET_ARN,
            _made_parameter("/named"): NAMED_PARAMETER_ARN,
        }
    )
    with walk.recorder.running(FUNCTION_OF_THE_PAGE):
        for arn in list(walk.recorder.names):
            assert stored_value(arn, lambda *place: _watched(walk, *place)) == "s3cret"


def _made_secret(name: str) -> str:
    client: Any = secret_client("secretsmanager", REGION)
    arn: str = client.create_secret(Name=name, SecretString="s3cret")["ARN"]
    return arn


def _made_parameter(name: str) -> str:
    client: Any = secret_client("ssm", REGION)
    client.put_parameter(Name=name, Value="s3cret", Type="SecureString")
    arn: str = client.get_parameter(Name=name)["Parameter"]["ARN"]
    return arn


def _watched(walk: Walk, service: str, region: str) -> Any:
    client: Any = secret_client(service, region)
    walk.recorder.watch(client)
    return client


ALL: tuple[Callable[[Walk], None], ...] = (
    manage_tokens,
    fill_the_quota,
    use_tokens_on_themselves,
    grow_a_line,
    report_an_exposed_token,
    speak_oauth,
    roll_over_signing_keys,
    administer,
    administer_by_claim,
    visit_the_page,
    read_the_client_secret,
    return_to_the_page,
    sign_in_in_two_tabs,
    pass_every_door,
    flush_caches,
    revoke_many_tokens,
    publish_events,
    sweep_tokens,
)
