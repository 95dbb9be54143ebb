"""Flushes, counted: one for each way to end a token's use, and few for many changes at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import attributes, items, primary_keys
from tests.stack.caching import FLUSHER, calm, seconds_until
from tests.stack.calls import Caller
from tests.stack.wire import Wire
from tests.support.builders import a_token, a_user
from tests.support.clock import START
from tests.support.control_plane import ControlPlane
from tests.support.deployed import Deployed
from tests.support.stream import Record, a_record
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.emulator,
    pytest.mark.e2e,
    pytest.mark.usefixtures("nothing_under_way"),
]

TOKEN, USER = "/v1/tokens/{token_id}", "/v1/users/{user_id}"
AT_ONCE, A_SECOND = 6, timedelta(seconds=1)

Rounds = Callable[[], list[datetime]]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("DELETE", TOKEN, None, id="revoked"),
        pytest.param("PATCH", TOKEN, {"status": "inactive"}, id="paused"),
        pytest.param("POST", f"{TOKEN}/rotate", {}, id="rotated out"),
        pytest.param("DELETE", f"{USER}/tokens/{{token_id}}", None, id="revoked by an administrator"),
        pytest.param(
            "PATCH", f"{USER}/tokens/{{token_id}}", {"status": "inactive"}, id="paused by an administrator"
        ),
        pytest.param("PATCH", USER, {"status": "inactive"}, id="user deactivated"),
        pytest.param("DELETE", USER, None, id="user removed"),
        pytest.param("DELETE", f"{USER}/tokens", None, id="all of the user's"),
    ],
)
def test_end_beats_the_cache(
    caller: Caller, flushed: list[float], wire: Wire, method: str, path: str, body: Any
) -> None:
    """Refused within seconds, though the gateway remembers for 300 that it let the token in."""
    person = caller.newcomer()
    created = caller.create(person)
    user_id = caller.call("GET", "/v1/me", person).json["id"]
    assert caller.whoami(created["token"]) == 200

    sender = caller.admin() if path.startswith(USER) else person
    where = path.format(token_id=created["id"], user_id=user_id)
    assert caller.call(method, where, sender, body).status < 300

    seconds_until(wire, created["token"], 401)
    assert len(flushed) == 1


def test_way_back_flushes_too(caller: Caller, flushed: list[float], wire: Wire) -> None:
    """Here no refusal is remembered, but HTTP APIs with simple responses do (decision 20)."""
    person = caller.newcomer()
    created = caller.create(person)
    path = f"/v1/tokens/{created['id']}"
    assert caller.whoami(created["token"]) == 200
    caller.call("PATCH", path, person, {"status": "inactive"})
    seconds_until(wire, created["token"], 401)

    caller.call("PATCH", path, person, {"status": "active"})

    assert caller.whoami(created["token"]) == 200
    wait_until(lambda: len(flushed) >= 2)
    assert len(flushed) == 2


def a_pause() -> Record:
    """Return what the stream says of a token that was paused."""
    active = items.TOKEN.item(a_token(a_user(), START))
    return a_record(active, active | {"state": attributes.text("inactive")})


@pytest.fixture
def rounds(stack: Deployed) -> Rounds:
    """Return what lists the rounds since now: each one changed the budget's row."""
    calm(stack)
    table = stack.client("dynamodb").describe_table(TableName=stack.physical("TokenTable"))["Table"]
    streams, stream = stack.client("dynamodbstreams"), {"StreamArn": table["LatestStreamArn"]}
    (shard,) = streams.describe_stream(**stream)["StreamDescription"]["Shards"]
    since_now = streams.get_shard_iterator(**stream, ShardId=shard["ShardId"], ShardIteratorType="LATEST")[
        "ShardIterator"
    ]
    key = primary_keys.flush_budget_key()

    def made() -> list[datetime]:
        records = [each["dynamodb"] for each in streams.get_records(ShardIterator=since_now)["Records"]]
        rows = [each["NewImage"] for each in records if each["Keys"] == key]
        # A round changes the row as it begins, and once more for each call.
        return sorted({attributes.time.read(row["round_at"]) for row in rows})

    return made


def test_many_at_once_flush_once_per_second(
    stack: Deployed, plane: ControlPlane, rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If functions run side by side, few of them flush for all. Each flush belongs to a round.

    Rounds begin at least a second apart. The calls of a round may take longer or shorter.
    """
    flushed: list[str] = []
    monkeypatch.setattr(plane, "on_flush", flushed.append)
    event = {"Records": [a_pause()]}

    def at_once() -> list[tuple[str | None, Any]]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda _: stack.invoke(FLUSHER, event), range(AT_ONCE)))

    # The first ones wait for processes, so they may not be at once.
    assert at_once() == [(None, None)] * AT_ONCE
    before = len(flushed)
    assert at_once() == [(None, None)] * AT_ONCE

    assert 1 <= len(flushed) - before <= 2
    assert len(rounds()) == len(flushed)
    assert all(later - earlier >= A_SECOND for earlier, later in pairwise(rounds()))
