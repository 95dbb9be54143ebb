"""The share of allowed decisions that is logged: who is chosen, and what is always logged."""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import logs
from tests.unit.services.log_lines import written


@pytest.fixture(autouse=True)
def settings_as_they_were() -> Iterator[None]:
    """Leave level and share as they were found."""
    level, percent = logging.getLogger(logs.LOGGER_NAME).level, logs._allowed_percent
    yield
    logs.configure(logging.getLevelName(level), percent)


def lines_of(percent: int, request_ids: list[str | None], **fields: object) -> list[dict[str, Any]]:
    """Return the lines of decisions with these fields."""
    logs.configure("DEBUG", percent)
    with written() as lines:
        for request_id in request_ids:
            with logs.request(request_id), logs.entry("authorize", "allowed", sampled=True):
                logs.add(**fields)
    return lines


IDS: list[str | None] = [
    str(UUID(int=n * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for n in range(10_000)
]


def test_all_are_logged_unless_told_otherwise() -> None:
    """Each line is as before, without a word about a share."""
    lines = lines_of(100, IDS[:100])
    assert len(lines) == 100
    assert not any("sampled_percent" in line for line in lines)


@pytest.mark.parametrize("percent", [1, 10, 50, 99])
def test_share_is_about_as_large_as_asked_for(percent: int) -> None:
    """Each line says the share, so counts can be scaled up."""
    lines = lines_of(percent, IDS)
    assert {line["sampled_percent"] for line in lines} == {percent}
    assert len(lines) == pytest.approx(len(IDS) * percent / 100, rel=0.15, abs=20)


def test_none_is_logged_at_zero() -> None:
    """Not even now and then."""
    assert lines_of(0, IDS) == []


def test_choice_is_the_same_for_the_same_request() -> None:
    """It does not depend on a process or on what came before."""
    first = [line["request_id"] for line in lines_of(10, IDS[:500])]
    again = [line["request_id"] for line in lines_of(10, IDS[:500][::-1])]
    assert first == again[::-1]


def test_callers_in_turn_have_the_same_share() -> None:
    """A choice by counting would always hit the same one of two callers that alternate."""
    logs.configure("DEBUG", 50)
    with written() as lines:
        for n in range(4_000):
            with logs.request(str(uuid4())), logs.entry("authorize", "allowed", sampled=True):
                logs.add(token_id=f"tok_{n % 2}")
    shares = Counter(line["token_id"] for line in lines)
    assert min(shares.values()) == pytest.approx(1_000, rel=0.15)


def test_decision_without_a_request_id_is_logged() -> None:
    """Nothing could choose it fairly."""
    assert len(lines_of(1, [None] * 10)) == 10


@pytest.mark.parametrize("outcome", ["refused", "error"])
def test_other_outcomes_are_always_logged(outcome: str) -> None:
    """A refusal is what people look for."""
    lines = lines_of(0, IDS[:10], outcome=outcome, reason="idle")
    assert [line["outcome"] for line in lines] == [outcome] * 10
    assert not any("sampled_percent" in line for line in lines)


def test_failure_that_was_not_foreseen_is_always_logged() -> None:
    """The alarm counts its line."""
    logs.configure("DEBUG", 0)
    with (
        written() as lines,
        pytest.raises(KeyError),
        logs.request(IDS[0]),
        logs.entry("authorize", "allowed", sampled=True),
    ):
        raise KeyError
    assert [(line["outcome"], line["level"]) for line in lines] == [("error", "ERROR")]


def test_line_that_is_kept_is_logged() -> None:
    """A decision that wrote something."""
    logs.configure("DEBUG", 0)
    with written() as lines, logs.request(IDS[0]), logs.entry("authorize", "allowed", sampled=True):
        logs.keep()
    assert [(line["outcome"], "sampled_percent" in line) for line in lines] == [("allowed", False)]
    logs.keep()


def test_changes_and_warnings_are_always_logged() -> None:
    """Only decisions are sampled."""
    logs.configure("DEBUG", 0)
    with written() as lines, logs.request(IDS[0]):
        logs.warn("token.touch_failed")
        with logs.entry("token.revoke"):
            pass
    assert [line["event"] for line in lines] == ["token.touch_failed", "token.revoke"]


@given(st.text())
def test_any_request_id_can_be_chosen_by(request_id: str) -> None:
    """The choice never fails."""
    logs.configure("DEBUG", 50)
    with logs.request(request_id), logs.entry("authorize", "allowed", sampled=True):
        pass
