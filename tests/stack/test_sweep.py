"""The scheduled function of the deployed stack."""

import json
from typing import Any

import pytest

from infra.aws.package.sweeping import SCHEDULE, SWEEPER
from tests.stack.calls import Caller
from tests.support.deployed import Deployed
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

# The emulator looks at its rules every 10 seconds.
_A_MINUTE_AND_MORE = 90.0


def lines_of(stack: Deployed) -> list[dict[str, Any]]:
    """Return the lines of the function about its invocations."""
    written = [line for line in stack.log_lines(SWEEPER) if line.startswith("{")]
    return [line for line in map(json.loads, written) if line.get("event") == "sweep"]


def test_walk_comes_to_its_end(caller: Caller, stack: Deployed) -> None:
    """The function walks in a process of its own. The next call ends at once."""
    caller.create(caller.newcomer(), name="swept")
    for _ in range(2):
        assert stack.invoke(SWEEPER, {}) == (None, None)
    wait_until(lambda: len(lines_of(stack)) >= 2)
    last = lines_of(stack)[-1]
    assert (last["outcome"], last["is_ended"], last["calls"]) == ("ok", True, 1)


def test_rule_invokes_the_function(stack: Deployed) -> None:
    """Its interval is made shorter, and nothing else of it changes."""
    events, name = stack.client("events"), stack.physical(SCHEDULE)
    rule = events.describe_rule(Name=name)
    assert (rule["State"], rule["ScheduleExpression"]) == ("ENABLED", "rate(5 minutes)")
    before = stack.invocations(SWEEPER)
    events.put_rule(Name=name, ScheduleExpression="rate(1 minute)", State="ENABLED")
    try:
        wait_until(lambda: stack.invocations(SWEEPER) > before, _A_MINUTE_AND_MORE)
    finally:
        events.put_rule(Name=name, ScheduleExpression="rate(5 minutes)", State="ENABLED")
