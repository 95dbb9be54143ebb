"""A thread that dies during a run under load is a fault of the run."""

import itertools
import json
import math
import random
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.stack import workers
from tests.stack.crowd import Crowd
from tests.stack.load import judged
from tests.stack.wire import Reply, Wire
from tests.stack.workers import DEACTIVATED, PAUSED, REACTIVATED, REVOKED, Client, Controller
from tests.support.deployed import Deployed

NOWHERE = cast(
    "Deployed",
    SimpleNamespace(
        prefix="/dev",
        host="localhost",
        settings=SimpleNamespace(aws_port=1),
        login=lambda subject: f"eyJ.{subject}",
    ),
)
TIMED_OUT = "TimeoutError('timed out')"


class Service(Wire):
    """Answers as the deployed API does, but for one call, whose answer it loses."""

    def __init__(self) -> None:
        super().__init__(NOWHERE)
        self.loses: tuple[str, str] | None = None
        self._numbers = itertools.count()

    def send(
        self,
        method: str,
        path: str,
        credential: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Answer, or be too late."""
        if self.loses and method == self.loses[0] and path.startswith(self.loses[1]):
            self.loses = None
            raise TimeoutError("timed out")
        members: dict[str, Any] = {"token": "bodhi_x\n", "last_used_at": None, "days": []}
        status = {"POST": 201, "DELETE": 204}.get(method, 200)
        return Reply(status, {}, json.dumps(members | {"id": f"id{next(self._numbers)}"}))


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Change one thing right after the other."""
    monkeypatch.setattr(workers, "_CHANGE_EVERY_SECONDS", 0)


@pytest.fixture
def service() -> Service:
    """Return a service that loses nothing yet."""
    return Service()


@pytest.fixture
def crowd(service: Service) -> Crowd:
    """Return people with tokens that no header can hold."""
    return Crowd(service)


@pytest.fixture
def controller(service: Service, crowd: Crowd) -> Controller:
    """Return a controller that has time for one change of each kind."""
    return Controller(service, crowd, 0, random.Random(1))


@pytest.fixture
def client(crowd: Crowd) -> Client:
    """Return a client that dies of its first token."""
    return Client(NOWHERE, crowd, time.time() + 60, 0, random.Random(1))


def done(controller: Controller) -> list[tuple[str, bool]]:
    """Return what was changed, and whether that was acknowledged."""
    return [(change.what, change.acknowledged < math.inf) for change in controller.changes]


def test_controller_begins_with_each_kind_and_lets_in_again(controller: Controller) -> None:
    """However short the time is."""
    controller.run()

    assert done(controller) == [(REVOKED, True), (PAUSED, True), (DEACTIVATED, True), (REACTIVATED, True)]
    assert controller.failed == []


@pytest.mark.parametrize(
    ("lost", "changes"),
    [
        (("DELETE", "/v1/tokens/"), [(REVOKED, False)]),
        (("PATCH", "/v1/tokens/"), [(REVOKED, True), (PAUSED, False)]),
        (
            ("PATCH", "/v1/users/"),
            [(REVOKED, True), (PAUSED, True), (DEACTIVATED, False), (REACTIVATED, True)],
        ),
        (("POST", "/v1/tokens"), [(REVOKED, True)]),
    ],
)
def test_change_whose_answer_is_lost_is_not_forgotten(
    controller: Controller, service: Service, lost: tuple[str, str], changes: list[tuple[str, bool]]
) -> None:
    """It may be in effect or not. A person who may be deactivated is re-activated."""
    service.loses = lost

    controller.run()

    assert done(controller) == changes
    assert controller.failed == [f"Controller ended: {TIMED_OUT}"]


def test_client_that_dies_says_so_without_its_token(client: Client) -> None:
    """Errors about a header quote it."""
    client.run()

    (fault,) = client.failed
    assert fault.startswith("Client ended: ValueError(")
    assert "bodhi_x" not in fault


def test_whoever_dies_is_a_fault_of_the_run(
    crowd: Crowd, service: Service, controller: Controller, client: Client
) -> None:
    """Otherwise half a run would pass for a whole one."""
    service.loses = ("DELETE", "/v1/tokens/")
    for worker in (controller, client):
        worker.run()

    report = judged(7, 1.0, [client], controller, crowd)

    assert list(report.faults) == [*controller.failed, *client.failed]
    assert len(report.faults) == 2
    assert math.isnan(report.milliseconds(0.5))


def test_judge_that_hears_nothing_is_a_fault(
    crowd: Crowd, service: Service, controller: Controller
) -> None:
    """Tokens that the judge could not read are a fault."""
    service.loses = ("GET", "/v1/tokens/")

    assert judged(7, 1.0, [], controller, crowd).faults == [f"Judge ended: {TIMED_OUT}"]
