"""The scheduled function: its log line, its deadline, and a removal from beginning to end."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.bootstrap import OpenService
from chalicelib.domain.errors import StoreUnavailable, TokensUnavailable
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.ports.sweeps import KeptWalk
from chalicelib.domain.tokens import Token
from chalicelib.handlers.front_doors import rest_request_authorizer
from chalicelib.handlers.sweep import sweep_tokens
from tests.support.api import Api, api_of
from tests.support.builders import ISSUER
from tests.support.canaries import recorded
from tests.support.clock import START
from tests.support.events import Context, rest_request
from tests.support.memory import InMemoryStore
from tests.support.service import MemoryService

PERSON = "person@example.com"


class Ending(Context):
    """The context of a function that must end soon."""

    def get_remaining_time_in_millis(self) -> int:
        """Return less than the reserve."""
        return 29_000


@pytest.fixture
def service() -> MemoryService:
    """Return the service."""
    return MemoryService()


@pytest.fixture
def api(service: MemoryService) -> Iterator[Api]:
    """Call the app."""
    with api_of(service) as api:
        yield api


def swept(context: Context | None = None) -> dict[str, Any]:
    """Return the line about one invocation."""
    with recorded() as log:
        try:
            sweep_tokens({}, context or Context())
        finally:
            (line,) = log.lines("sweep")
    return line


def token_of(service: MemoryService) -> Token:
    """Return the one row of a token."""
    (token,) = service.store.rows()
    return token


def test_one_line_says_what_was_done(service: MemoryService, api: Api) -> None:
    """It has the work of the invocation, the walk's progress and the hours since the last walk."""
    api.create_token(service.provider.sign_in(PERSON))
    line = swept()
    expected = {
        "outcome": "ok",
        "request_id": "request-7",
        "users": 1,
        "tokens": 1,
        "walked_users": 1,
        "walked_tokens": 1,
        "is_ended": True,
        "hours_since_walk": 0.0,
    }
    assert {name: line[name] for name in expected} == expected

    service.clock.advance(timedelta(hours=3))
    line = swept()
    assert (line["users"], line["calls"], line["walked_users"], line["hours_since_walk"]) == (0, 1, 1, 3.0)


def test_function_ends_before_lambda_ends_it(service: MemoryService, api: Api) -> None:
    """A page may still be under way, so nothing begins in the last half minute."""
    api.create_token(service.provider.sign_in(PERSON))
    line = swept(Ending())
    assert (line["users"], line["is_ended"]) == (0, False)
    assert swept()["is_ended"]


def test_failure_is_told(service: MemoryService, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is an error, for the alarm. The next invocation goes on."""

    def fail(_: InMemoryStore) -> KeptWalk:
        raise StoreUnavailable

    with monkeypatch.context() as patch, recorded() as log:
        patch.setattr(InMemoryStore, "find_walk", fail)
        with pytest.raises(StoreUnavailable):
            sweep_tokens({}, Context())
    (line,) = log.lines("sweep")
    assert (line["outcome"], line["error"], line["level"]) == ("error", "StoreUnavailable", "ERROR")
    assert swept()["outcome"] == "ok"


def test_networks_of_a_removed_user_are_deleted(service: MemoryService, api: Api) -> None:
    """The removal is one write. The next walk deletes the networks of uses and refusals."""
    created = api.create_token(service.provider.sign_in(PERSON))
    event = rest_request(f"Bearer {created['token']}")
    assert rest_request_authorizer(event, Context())
    assert swept()["tokens"] == 1
    kept = token_of(service)
    assert kept.networks

    admin = service.provider.sign_in("admin@example.com")
    assert api.call("DELETE", f"/v1/users/{user_id_for(ISSUER, PERSON)}", admin).status == 204
    assert token_of(service).networks == kept.networks
    service.clock.set_to(START + timedelta(days=1))
    swept()

    after = token_of(service)
    assert not after.networks
    assert (after.version, after.usage, after.last_used_at) == (kept.version, kept.usage, kept.last_used_at)


def test_run_that_meets_another_says_so(service: MemoryService, api: Api) -> None:
    """It ends, and its line is not an error."""
    api.create_token(service.provider.sign_in(PERSON))
    inside = InMemoryStore.list_positions

    def meanwhile(store: InMemoryStore, after: str, limit: int) -> Any:
        kept = store.find_walk()
        assert kept is not None
        store.save_walk(kept, kept.walk)
        return inside(store, after, limit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InMemoryStore, "list_positions", meanwhile)
        line = swept()
    assert (line["outcome"], line["is_ended"]) == ("left_to_another", False)


def test_open_mode_has_no_tokens_to_sweep() -> None:
    """Packaging turns the schedule off there."""
    with api_of(OpenService()), pytest.raises(TokensUnavailable):
        sweep_tokens({}, Context())
