"""The terms of ``verify``. A check finds that a promise holds, fails or is not decidable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.aws.operate.verify.site import Site


class Verdict(Enum):
    """The result of a check. The command fails after FAILS only."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_DECIDABLE = "not decidable here"


@dataclass(frozen=True, slots=True)
class Finding:
    """A measurement and its verdict. The text is printed, so it must not hold a secret."""

    measured: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Check:
    """One promise and the function that measures it.

    ``measure`` raises Broken or an error of AWS if it cannot continue. Then the promise fails.
    """

    promise: str
    measure: Callable[[Site], Finding]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table."""

    promise: str
    finding: Finding


class Broken(Exception):
    """A step of a check failed. The message is printed."""


def holds(measured: str) -> Finding:
    """Return the finding that the promise holds."""
    return Finding(measured, Verdict.HOLDS)


def fails(measured: str) -> Finding:
    """Return the finding that the promise fails."""
    return Finding(measured, Verdict.FAILS)


def not_decidable(reason: str) -> Finding:
    """Return the finding that the promise cannot be checked here, with the reason."""
    return Finding(reason, Verdict.NOT_DECIDABLE)


def judged(good: bool, measured: str) -> Finding:
    """Return the finding that the promise holds, or that it fails."""
    return holds(measured) if good else fails(measured)
