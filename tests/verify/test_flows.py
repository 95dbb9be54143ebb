"""The flows of `make verify` over the app in this process: each holds, and fails if it is broken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from infra.aws.operate.verify import flows, oauth, people
from infra.aws.operate.verify.findings import Check, Verdict
from infra.aws.operate.verify.site import WHOAMI, Credentials
from infra.aws.operate.verify.wire import Reply
from tests.verify.scene import Scene, found, genuine, measured, scene_of

SERVICE = "https://other.example.com"
CLIENT = "orders:secret-of-orders"
ENVIRON = {
    "DERIVED_TOKEN_AUDIENCES": SERVICE,
    "DERIVED_TOKEN_KEY_ID": "alias/bodhi-test-access",
    "RESOURCE_SERVERS": json.dumps(
        {"orders": {"secret_sha256": hashlib.sha256(b"secret-of-orders").hexdigest()}}
    ),
    "AUTHORIZER_CACHE_SECONDS": "0",
}
HOLDS, FAILS, OPEN = Verdict.HOLDS, Verdict.FAILS, Verdict.NOT_DECIDABLE
EVERY = (*people.FIRST, *flows.CHECKS, *oauth.CHECKS, *people.CHECKS, *people.LAST)


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Return the app, with a resource server and a service for access tokens."""
    with scene_of(**ENVIRON) as scene:
        yield scene


def all_credentials(scene: Scene) -> Credentials:
    """Return an administrator with everything that checks may ask for."""
    return Credentials(scene.admin, scene.second, CLIENT)


def settings() -> dict[str, str]:
    """Return the settings that the API's function has."""
    return {"ISSUER": "https://api.example.com", **ENVIRON}


@pytest.mark.parametrize("check", EVERY, ids=lambda check: check.promise)
def test_promise_of_the_app_holds(scene: Scene, check: Check) -> None:
    """The service keeps what it promises, and each check sees that."""
    site = scene.site(credentials=all_credentials(scene), settings=settings())
    finding = measured(check, site)
    assert finding.verdict is HOLDS, finding


def body(**members: Any) -> Callable[[Reply], Reply]:
    """Return a change of members of a reply."""
    return lambda reply: replace(reply, body=json.dumps({**reply.json, **members}).encode())


def status(code: int) -> Callable[[Reply], Reply]:
    """Return a change of the status."""
    return lambda reply: replace(reply, status=code)


def accepted(reply: Reply) -> Reply:
    """Answer as if the authorizer let the caller in."""
    return Reply(200, reply.headers, b'{"auth": "token"}')


def strangers_may(reply: Reply) -> Reply:
    """Answer a client without a secret as one that has it."""
    return Reply(200, reply.headers, b'{"active": true}') if reply.status == 401 else reply


def first_listed(**members: Any) -> Callable[[Reply], Reply]:
    """Return a change of the first token of a list."""

    def change(reply: Reply) -> Reply:
        listed = reply.json["tokens"]
        return body(tokens=[{**listed[0], **members}, *listed[1:]] if listed else [])(reply)

    return change


BROKEN: list[tuple[Check, str, str, Callable[[Reply], Reply], str]] = [
    (people.FIRST[0], "GET", "/v1/me", status(401), "GET /v1/me responded with 401"),
    (flows.CHECKS[0], "GET", "/v1/tokens/tok_", body(token="again"), "second time"),
    (flows.CHECKS[0], "POST", "/v1/tokens", status(500), "not 201"),
    (flows.CHECKS[0], "POST", "/v1/tokens", body(token=None, id=None), "responded with 4"),
    (flows.CHECKS[0], "GET", WHOAMI, status(503), "503"),
    (flows.CHECKS[0], "GET", WHOAMI, body(token_id="tok_other"), "accepted"),
    (flows.CHECKS[1], "GET", "/v1/tokens?q=", body(tokens=[]), "finds 0 tokens"),
    (flows.CHECKS[1], "GET", "/v1/tokens?q=", first_listed(last_used_at=None), "last use"),
    (flows.CHECKS[1], "PATCH", "/v1/tokens/", status(409), "not 200"),
    (flows.CHECKS[2], "GET", WHOAMI, accepted, "a paused token"),
    (flows.CHECKS[2], "GET", WHOAMI, status(401), "a re-activated token"),
    (flows.CHECKS[3], "GET", WHOAMI, status(401), "in its overlap"),
    (flows.CHECKS[3], "GET", WHOAMI, accepted, "still accepted"),
    (flows.CHECKS[3], "DELETE", "/v1/tokens/self/predecessor", status(404), "not 204"),
    (flows.CHECKS[4], "GET", WHOAMI, accepted, "a rotated token"),
    (flows.CHECKS[4], "GET", "/v1/tokens/tok_", body(reuse_count=0), "does not see the reuse"),
    (flows.CHECKS[5], "GET", WHOAMI, accepted, "a revoked token"),
    (flows.CHECKS[5], "GET", "/v1/tokens/tok_", body(revoked_reason="admin"), "reason admin"),
    (flows.CHECKS[6], "POST", "/v1/exposed", status(503), "503"),
    (flows.CHECKS[6], "GET", WHOAMI, accepted, "a reported token"),
    (flows.CHECKS[6], "GET", "/v1/tokens/tok_", body(revoked_reason="owner"), "reason owner"),
    (flows.CHECKS[7], "POST", "/v1/tokens/self/rotate", body(expires_at=None), "another time"),
    (flows.CHECKS[7], "GET", WHOAMI, accepted, "rotated itself"),
    (flows.CHECKS[7], "DELETE", "/v1/tokens/self", status(401), "not 204"),
    (flows.CHECKS[8], "GET", "/v1/tokens", status(200), "200"),
    (flows.CHECKS[9], "GET", WHOAMI, accepted, "none 200"),
    (oauth.CHECKS[0], "POST", "/oauth2/token", status(400), "400"),
    (oauth.CHECKS[0], "GET", WHOAMI, status(401), "an exchanged token"),
    (oauth.CHECKS[1], "GET", "/.well-known/jwks.json", body(keys=[]), "does not verify"),
    (oauth.CHECKS[1], "POST", "/oauth2/token", body(access_token="a.b.c"), "does not verify"),
    (oauth.CHECKS[1], "GET", WHOAMI, accepted, "responds to it with 200"),
    (oauth.CHECKS[2], "POST", "/oauth2/introspect", strangers_may, "without credentials got 200"),
    (oauth.CHECKS[2], "POST", "/oauth2/introspect", body(active=True), "then active True"),
    (oauth.CHECKS[2], "POST", "/oauth2/revoke", status(503), "503"),
    (oauth.CHECKS[3], "POST", "/oauth2/revoke", status(503), "503"),
    (oauth.CHECKS[3], "GET", WHOAMI, accepted, "by its holder"),
    (people.CHECKS[0], "GET", WHOAMI, accepted, "of a deactivated person"),
    (people.CHECKS[0], "GET", WHOAMI, status(401), "a reactivated person"),
    (people.CHECKS[0], "PATCH", "/v1/users/", status(403), "not 200"),
]


@pytest.mark.parametrize(
    ("check", "method", "path", "change", "told"), BROKEN, ids=lambda each: getattr(each, "promise", None)
)
def test_broken_promise_fails(
    scene: Scene, check: Check, method: str, path: str, change: Callable[[Reply], Reply], told: str
) -> None:
    """Each answer that breaks the promise is seen, and the run cleans up."""
    site = scene.site(credentials=all_credentials(scene), settings=settings())
    scene.falsify(method, path, change)
    finding = found(site, check)
    # The clean-up is not falsified.
    scene.wire.falsify = genuine
    assert site.undo.close() == []
    assert finding.verdict is FAILS, finding
    assert told in finding.measured


def test_every_flow_has_a_test_in_which_it_fails() -> None:
    """A check that cannot fail is worthless. The last one has tests of its own below."""
    assert {check.promise for check in EVERY} - {broken[0].promise for broken in BROKEN} == {
        check.promise for check in people.LAST
    }


def test_deactivated_person_who_signs_in_is_a_failure(scene: Scene) -> None:
    """Tokens alone are not enough."""
    site = scene.site(credentials=all_credentials(scene), settings=settings())
    scene.wire.falsify = lambda method, path, reply: (
        replace(reply, status=200) if reply.told == "403 user_inactive" else reply
    )
    finding = measured(people.CHECKS[0], site)
    assert finding.verdict is FAILS
    assert "got 200" in finding.measured


def test_family_that_is_not_revoked_is_a_failure(scene: Scene) -> None:
    """The parameter says revoke_family, and the app here only records."""
    site = scene.site(parameters={"RotatedTokenReuse": "revoke_family"})
    finding = measured(flows.CHECKS[4], site)
    assert (finding.verdict, "revoked: None" in finding.measured) == (FAILS, True)


def test_family_that_is_revoked_holds() -> None:
    """The same with the setting."""
    with scene_of(ROTATED_TOKEN_REUSE="revoke_family") as scene:
        site = scene.site(parameters={"RotatedTokenReuse": "revoke_family"})
        assert measured(flows.CHECKS[4], site).verdict is HOLDS


class TestOthers:
    """The person's other tokens."""

    def test_changed_token_is_a_failure(self, scene: Scene) -> None:
        """Whatever changed it, the operator hears of it."""
        other = scene.wire.api.create_token(scene.person, name="mine")
        site = scene.site()
        assert people.sign_in(site).verdict is HOLDS
        scene.wire.api.delete(f"/v1/tokens/{other['id']}", scene.person)
        finding = measured(people.LAST[0], site)
        assert (finding.verdict, finding.measured) == (FAILS, "1 other tokens, 1 of them changed")

    def test_token_that_reaches_its_deadline_is_not_touched(self, scene: Scene) -> None:
        """Time does that, not the run."""
        scene.wire.api.create_token(scene.person, name="mine", expires_in_days=1)
        site = scene.site()
        people.sign_in(site)
        scene.service.clock.advance(timedelta(days=2))
        fresh = scene.service.provider.sign_in("user@example.com")
        later = replace(site, credentials=Credentials(fresh))
        assert measured(people.LAST[0], later).verdict is HOLDS

    def test_more_tokens_than_a_page_are_all_compared(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The list is read to its end."""
        for _ in range(5):
            scene.wire.api.create_token(scene.person)
        site = scene.site()
        monkeypatch.setattr(people, "_PAGE", 2)
        people.sign_in(site)
        assert len(site.others) == 5

    def test_tokens_of_the_run_are_revoked_and_others_are_not(self, scene: Scene) -> None:
        """After every flow, the person has what there was before."""
        kept = scene.wire.api.create_token(scene.admin, name="mine")
        site = scene.site(credentials=all_credentials(scene), settings=settings())
        for check in EVERY:
            assert measured(check, site).verdict is HOLDS
        listed = scene.wire.api.get("/v1/tokens?limit=100", scene.admin).json["tokens"]
        assert [token["id"] for token in listed if token["status"] == "active"] == [kept["id"]]
        assert scene.wire.api.get(WHOAMI, kept["token"]).status == 200


class TestOpenPromises:
    """Promises that a run cannot decide, and says so."""

    def test_nobody_to_deactivate(self, scene: Scene) -> None:
        """A person who is not an administrator, an administrator alone, a second person with tokens."""
        check = people.CHECKS[0]
        assert measured(check, scene.site()).verdict is OPEN
        assert measured(check, scene.site(credentials=Credentials(scene.admin))).verdict is OPEN
        scene.wire.api.create_token(scene.second)
        finding = measured(check, scene.site(credentials=all_credentials(scene)))
        assert (finding.verdict, "active tokens" in finding.measured) == (OPEN, True)
        assert ("PATCH", "/v1/users") not in [(m, p[:9]) for m, p, _ in scene.wire.calls]

    def test_revoked_tokens_of_the_second_person_do_not_matter(self, scene: Scene) -> None:
        """Otherwise a second run could never decide."""
        site = scene.site(credentials=all_credentials(scene), settings=settings())
        assert [measured(people.CHECKS[0], site).verdict for _ in range(2)] == [HOLDS, HOLDS]

    def test_features_that_are_off(self, scene: Scene) -> None:
        """No audience, no resource server, no self-rotation."""
        assert measured(oauth.CHECKS[1], scene.site()).verdict is OPEN
        assert measured(oauth.CHECKS[2], scene.site()).verdict is OPEN
        assert measured(flows.CHECKS[7], scene.site(settings={"SELF_ROTATION": "off"})).verdict is OPEN

    def test_scopes_of_the_stage_that_do_not_open_the_sample_api(self) -> None:
        """A 403 for the scope says that the token was accepted."""
        scopes = json.dumps({"orders:read": {"description": "Read orders", "opens": ["GET /orders"]}})
        with scene_of(SCOPES=scopes) as scene:
            site = scene.site(settings={"SCOPES": scopes})
            reply = Reply(403, {}, b"{}")
            assert site.lets_in(reply)
            assert not scene.site().lets_in(reply)
