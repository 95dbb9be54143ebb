"""The function behind the stream: one line per call, and what makes Lambda try again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.bootstrap import OpenService
from chalicelib.domain.errors import (
    FlushPostponed,
    GatewayUnavailable,
    StageNotFlushable,
    TokensUnavailable,
)
from chalicelib.handlers.flush import flush_authorizer_caches
from chalicelib.services.flush import SETTLE
from tests.support.api import api_of
from tests.support.builders import a_token, a_user
from tests.support.canaries import recorded
from tests.support.clock import START
from tests.support.service import MemoryService
from tests.support.stream import a_record

ONE, OTHER = "apis/b2/$default", "restapis/a1/v1"
TOKEN = a_token(a_user())
PAUSE = a_record(items.TOKEN.item(TOKEN), items.TOKEN.item(TOKEN.paused(START)))
BACK = a_record(items.TOKEN.item(TOKEN.paused(START)), items.TOKEN.item(TOKEN))
TOUCH = a_record(items.TOKEN.item(TOKEN), items.TOKEN.item(TOKEN))


class Context:
    """What Lambda hands to a function."""

    aws_request_id = "request-7"


@pytest.fixture
def service() -> Iterator[MemoryService]:
    """Return the service of a function that flushes two stages."""
    service = MemoryService({"AUTHORIZER_CACHE_STAGES": f"{OTHER},{ONE}"})
    with api_of(service):
        yield service


def flushed(*records: dict[str, Any]) -> dict[str, Any]:
    """Return the line about one call."""
    with recorded() as log:
        try:
            flush_authorizer_caches({"Records": list(records)}, Context())
        finally:
            (line,) = log.lines("flush")
    return line


def test_one_line_says_what_was_done(service: MemoryService) -> None:
    """How many records, how many that mattered, and each stage."""
    line = flushed(TOUCH, PAUSE)
    assert sorted(service.gateway.flushes) == [(ONE, START + SETTLE), (OTHER, START + SETTLE)]
    expected = {
        "records": 2,
        "changes": 1,
        "flushed": [ONE, OTHER],
        "left_to_others": [],
        "left_to_ttl": [],
        "failed": [],
        "calls": 2,
        "pace": "fast",
        "outcome": "ok",
        "request_id": "request-7",
    }
    assert {name: line[name] for name in expected} == expected
    assert "level" not in line
    assert TOKEN.id not in json.dumps(line)


def test_passing_failure_makes_lambda_try_again(service: MemoryService) -> None:
    """The others are flushed first; the line is an error, for the alarm."""
    service.gateway.failures = {ONE: GatewayUnavailable()}
    with recorded() as log, pytest.raises(GatewayUnavailable):
        flush_authorizer_caches({"Records": [PAUSE]}, Context())
    (line,) = log.lines("flush")
    assert (line["outcome"], line["level"]) == ("error", "ERROR")
    assert (line["failed"], line["flushed"]) == ([ONE], [OTHER])
    (told,) = log.lines("flush.failed")
    assert (told["stage"], told["reason"]) == (ONE, "unavailable")


def test_postponed_round_makes_lambda_try_again_and_is_not_a_failure() -> None:
    """The spacing may be longer than the function runs; an alarm tells of the spacing."""
    service = MemoryService({"AUTHORIZER_CACHE_STAGES": ONE, "AUTHORIZER_CACHE_SECONDS": "3600"})
    with api_of(service):
        for _ in range(16):
            assert flushed(PAUSE)["outcome"] == "ok"
        with recorded() as log, pytest.raises(FlushPostponed):
            flush_authorizer_caches({"Records": [PAUSE]}, Context())
    (line,) = log.lines("flush")
    assert (line["outcome"], line["calls"]) == ("postponed", 0)
    assert "level" not in line


def test_what_lets_in_again_is_left_to_the_ttl_if_the_budget_is_used_up(service: MemoryService) -> None:
    """The line says so, and the function ends well."""
    assert flushed(BACK)["left_to_ttl"] == []
    line = flushed(BACK)
    assert (line["outcome"], line["left_to_ttl"], line["calls"]) == ("ok", [ONE, OTHER], 0)


def test_settings_bound_the_calls() -> None:
    """A burst of one call, and one a second."""
    stages = {"AUTHORIZER_CACHE_STAGES": f"{OTHER},{ONE}"}
    service = MemoryService({**stages, "FLUSH_CALLS_PER_SECOND": "1", "FLUSH_CALLS_BURST": "1"})
    with api_of(service):
        flushed(PAUSE)
    assert [at - START for _, at in service.gateway.flushes] == [SETTLE, 2 * SETTLE]


def test_lasting_failure_is_told_and_holds_up_nothing(service: MemoryService) -> None:
    """A stage that is gone: another attempt would keep later changes waiting for nothing."""
    service.gateway.failures = {ONE: StageNotFlushable()}
    line = flushed(PAUSE)
    assert (line["outcome"], line["failed"], line["flushed"]) == ("error", [ONE], [OTHER])


def test_record_that_cannot_be_read_is_told_and_flushed_for(service: MemoryService) -> None:
    """Without what was in it."""
    with recorded() as log:
        flush_authorizer_caches({"Records": [{"eventName": "MODIFY", "dynamodb": {}}]}, Context())
    assert len(service.gateway.flushes) == 2
    assert [line["error"] for line in log.lines("stream.unreadable")] == ["KeyError"]


def test_no_decisions_no_flushes() -> None:
    """Without authentication nothing is decided, so nothing is cached; packaging hands nothing on."""
    open_mode = OpenService()
    with api_of(open_mode), pytest.raises(TokensUnavailable):
        flush_authorizer_caches({"Records": [PAUSE]}, Context())
