"""The scheduled functions of the local stack."""

import threading
from typing import Any

import pytest
from chalice.app import Chalice

from app import app
from infra.local.schedule import SCHEDULED, run_scheduled


def test_application_has_the_scheduled_functions() -> None:
    """They are named as in the application."""
    assert {function.name for function in app.pure_lambda_functions} >= SCHEDULED


@pytest.mark.parametrize("fails", [False, True])
def test_scheduled_function_is_run_again_and_again(fails: bool) -> None:
    """It gets an event and a context with the time that is left. A failure ends nothing."""
    calls: list[tuple[object, Any]] = []
    slept: list[float] = []
    ended = threading.Event()
    small = Chalice("small")

    def work(event: object, context: Any) -> None:
        calls.append((event, context))
        if fails:
            raise ValueError

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            ended.set()
            # The thread stays here.
            threading.Event().wait()

    small.lambda_function(name="sweep_tokens")(work)
    small.lambda_function(name="other")(work)
    run_scheduled(small, sleep)

    assert ended.wait(30)
    assert (len(calls), slept) == (3, [60.0] * 3)
    assert all(0 < context.get_remaining_time_in_millis() <= 240_000 for _, context in calls)
