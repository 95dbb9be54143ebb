"""Sign-ins over HTTP: the newest facts count, and a refusal gives its reason."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.ids import user_id_for
from tests.support.api import Answer, Api, api_of
from tests.support.builders import ISSUER
from tests.support.service import MemoryService

PERSON = "una@example.com"
ADMINS = {"groups": ["admins"]}
SCOPES = (
    '{"orders:read": {"description": "Read", "opens": ["GET /api/*"]},'
    ' "audit:read": {"description": "Audit", "opens": ["GET /audit"], "roles": ["admin"]}}'
)


class Visits:
    """The sign-ins of one person at a service whose administrators come from a claim."""

    def __init__(self, api: Api, service: MemoryService) -> None:
        self.api = api
        self.service = service

    def jwt(self, **claims: Any) -> str:
        """Return an ID token of now."""
        return self.service.provider.sign_in(PERSON, **claims)

    def access_token(self, **claims: Any) -> str:
        """Return an access token of now."""
        return self.service.provider.access_token(PERSON, **claims)

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.service.clock.advance(timedelta(**span))

    def me(self, jwt: str) -> Any:
        """Return the caller as the API sees the user."""
        answer = self.api.get("/v1/me", jwt)
        assert answer.status == 200, answer.text
        return answer.json

    def users(self, jwt: str) -> Answer:
        """Request a resource that only administrators may read."""
        return self.api.get("/v1/users", jwt)


@pytest.fixture
def visits() -> Iterator[Visits]:
    """Return a person at a service of their own."""
    service = MemoryService({"ADMIN_CLAIM": "groups=admins", "SCOPES": SCOPES})
    with api_of(service) as api:
        yield Visits(api, service)


def test_older_jwt_cannot_undo_a_demotion(visits: Visits) -> None:
    """After a demotion an older JWT gives no role to calls, tokens or the row."""
    older = visits.jwt(**ADMINS, name="Old", email="old@example.com")
    assert visits.users(older).status == 200
    token = visits.api.create_token(older, scopes=["audit:read"])["token"]
    visits.wait(minutes=10)
    newer = visits.jwt(name="New")
    assert visits.me(newer)["role"] == "user"

    assert visits.users(older).code == "admin_required"
    assert visits.me(older) == visits.me(newer)
    assert visits.me(older)["name"] == "New"
    verified = visits.service.verify.uncounted(token)
    assert verified.scopes == frozenset()


def test_older_jwt_cannot_undo_a_demotion_by_the_exchange(visits: Visits) -> None:
    """The exchange of an older JWT does not undo a demotion either."""
    older = visits.jwt(**ADMINS)
    visits.wait(minutes=10)
    visits.me(visits.jwt())
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": older,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "scope": "audit:read",
    }

    assert visits.api.form("/oauth2/token", form).code == "scope_not_allowed"
    assert visits.users(older).code == "admin_required"


def test_newer_jwt_that_says_nothing_else_keeps_the_older_one_out(visits: Visits) -> None:
    """A newer JWT writes its time even if nothing else changed, so an older one stays refused."""
    visits.me(visits.jwt())
    older = visits.jwt(**ADMINS, iat=int(visits.service.clock.now().timestamp()) + 30)
    visits.wait(minutes=1)
    visits.me(visits.jwt())

    assert visits.me(older)["role"] == "user"


def test_access_token_without_the_claim_keeps_the_role(visits: Visits) -> None:
    """By default only an ID token without the claim takes the role away."""
    visits.me(visits.jwt(**ADMINS))
    visits.wait(minutes=1)

    assert visits.me(visits.access_token())["role"] == "admin"
    visits.wait(minutes=1)
    assert visits.me(visits.jwt())["role"] == "user"


def test_access_token_with_the_claim_sets_the_role(visits: Visits) -> None:
    """A JWT of any kind that carries the claim sets the role."""
    assert visits.me(visits.access_token(**ADMINS))["role"] == "admin"
    visits.wait(minutes=1)
    assert visits.me(visits.access_token(groups=["staff"]))["role"] == "user"


def test_role_by_claim_ends_after_a_day(visits: Visits) -> None:
    """A role by claim ends after a day, for calls and for the scopes of tokens."""
    access = visits.access_token(**ADMINS, exp=4_000_000_000)
    token = visits.api.create_token(access, scopes=["audit:read", "orders:read"])["token"]
    visits.wait(hours=23, minutes=59)
    assert visits.users(access).status == 200
    assert "audit:read" in visits.service.verify.uncounted(token).scopes
    visits.wait(minutes=1)

    assert visits.users(access).code == "admin_required"
    assert visits.me(access)["role"] == "user"
    assert visits.service.verify.uncounted(token).scopes == frozenset({"orders:read"})
    assert visits.api.post("/v1/tokens", access, {"scopes": ["audit:read"]}).code == "scope_not_allowed"


def test_access_tokens_do_not_prolong_a_role(visits: Visits) -> None:
    """A JWT without the claim does not prolong a role."""
    visits.me(visits.jwt(**ADMINS))
    for _ in range(24):
        visits.wait(hours=1)
        last = visits.me(visits.access_token())

    assert last["role"] == "user"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://evil.example"}, "wrong_issuer"),
        ({"aud": "another-client"}, "wrong_audience"),
        ({"exp": 1}, "expired"),
        ({"iat": 4_000_000_000}, "not_yet_valid"),
        ({"cnf": {"jkt": "x"}}, "sender_constrained"),
        ({"events": {}}, "wrong_kind"),
        ({"sub": None}, "missing_subject"),
    ],
)
def test_refusal_says_why(visits: Visits, claims: dict[str, Any], reason: str) -> None:
    """A refusal tells the caller the reason, as a stable word and a sentence."""
    answer = visits.api.get("/v1/me", visits.jwt(**claims))

    assert (answer.status, answer.code, answer.json["reason"]) == (401, "not_authenticated", reason)
    assert f'error_description="{answer.json["detail"]}"' in answer.headers["WWW-Authenticate"]


def test_two_administrators_cannot_both_deactivate_each_other(visits: Visits) -> None:
    """If two administrators deactivate each other, the second one is refused."""
    other = visits.service.provider.sign_in("other@example.com", **ADMINS)
    mine = visits.jwt(**ADMINS)
    visits.me(mine)
    visits.me(other)
    ids = {name: user_id_for(ISSUER, f"{name}@example.com") for name in ("una", "other")}

    assert visits.api.patch(f"/v1/users/{ids['other']}", mine, {"status": "inactive"}).status == 200
    refused = visits.api.patch(f"/v1/users/{ids['una']}", other, {"status": "inactive"})
    assert (refused.status, refused.code) == (403, "user_inactive")


def test_sign_in_that_loses_every_race_is_a_documented_conflict(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller retries. The test client holds each answer to the OpenAPI document."""
    visits.me(visits.jwt())
    visits.wait(seconds=1)

    def changed_meanwhile(*_: object) -> None:
        raise ConcurrentChange

    monkeypatch.setattr(visits.service.store, "save_sign_in", changed_meanwhile)
    answer = visits.api.get("/v1/me", visits.jwt())
    assert (answer.status, answer.code) == (409, "concurrent_change")
