"""Jobs about many tokens, with a fault at each call: each token changes once and is counted once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.events import EventType
from chalicelib.domain.tokens import TokenState
from tests.integration import wire
from tests.integration.wire import Fault
from tests.integration.world import World
from tests.support.api import Answer

MINUTE = timedelta(minutes=1)
FAULTS = [wire.DISABLED, wire.RESPONSE_LOST]


def start(world: World, body: dict[str, object]) -> Answer:
    """Start a job, or the same one again."""
    headers = {"Idempotency-Key": "job"}
    return world.api.post(
        "/v1/admin/revocations", world.admin, {**body, "reason": "admin"}, headers=headers
    )


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize(
    ("action", "state", "kind"),
    [
        ("revoke", TokenState.REVOKED, EventType.TOKEN_REVOKED),
        ("pause", TokenState.INACTIVE, EventType.TOKEN_PAUSED),
    ],
)
@pytest.mark.parametrize("is_named", [True, False], ids=["ids", "filter"])
def test_fault_in_a_job_is_made_good(
    world: World, fault: Fault, action: str, state: TokenState, kind: EventType, is_named: bool
) -> None:
    """The job goes on where it was interrupted. If its start was refused, the same request starts it."""
    assert world.api.get("/v1/me", world.admin).status == 200
    for name in ("one", "two"):
        world.create_token(name=name)
    world.advance(seconds=1)
    ids = [token.id for token in world.stored_tokens()]
    named: dict[str, object] = {"token_ids": ids}
    body = {"action": action, **(named if is_named else {"filter": {"status": "active"}})}
    world.save()
    calls = _calls(world, body)
    assert calls.count("TransactWriteItems") == 1 + len(ids)
    for index in (i for i, call in enumerate(calls) if call in fault.strikes):
        world.restore()
        with world.wire.watching(replace(fault, lasts=True), index):
            answer = start(world, body)
        assert answer.status in {202, 503}
        world.check_whole()
        world.start()
        again = start(world, body)
        assert again.status == 202
        world.advance(seconds=1)
        service = world.start()
        service.run_revocations.all_running(world.clock.now() + MINUTE)

        job = service.revocation_jobs.get(again.json["id"])
        assert (job.status.value, job.tokens, job.people, job.done) == ("finished", 2, 1, 2)
        assert {token.state for token in world.stored_tokens()} == {state}
        told = [event for event in world.events() if event.type is kind]
        assert sorted(str(event.token_id) for event in told) == sorted(ids)
        world.check_whole()


def _calls(world: World, body: dict[str, object]) -> list[str]:
    """Return the calls of a start without faults."""
    world.restore()
    with world.wire.watching() as calls:
        assert start(world, body).json["status"] == "finished"
    return list(calls)
