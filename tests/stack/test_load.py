"""Eight clients at once for some seconds, while tokens and users change. `make bench` takes a minute."""

import pytest

from tests.stack.load import run_load
from tests.stack.workers import DEACTIVATED, PAUSED, REVOKED
from tests.support.deployed import Deployed

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

SECONDS = 6


def test_every_answer_is_right_while_tokens_and_users_change(stack: Deployed) -> None:
    """No error, no allow after an acknowledged end, no refusal of what is active, no use forgotten."""
    report = run_load(stack, SECONDS)

    again = f"run_load(stack, {SECONDS}, seed={report.seed}) makes the same choices"
    assert report.faults == [], again
    assert report.let_in > SECONDS, again
    assert report.refused, again
    assert {REVOKED, PAUSED, DEACTIVATED} <= {change.what for change in report.changes}, again
