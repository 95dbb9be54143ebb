"""The words of `make verify`: a check measures one promise and finds that it holds, fails or is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.aws.operate.verify.site import Site


class Verdict(Enum):
    """The end of a check. Only FAILS makes the command end with an error."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_DECIDABLE = "not decidable here"


@dataclass(frozen=True, slots=True)
class Finding:
    """A measurement and its verdict. The text holds no secret, because it is printed."""

    measured: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Check:
    """One promise and the function that measures it.

    ``measure`` raises Broken, or an error of AWS, if it cannot go on. The promise fails then.
    """

    promise: str
    measure: Callable[[Site], Finding]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table."""

    promise: str
    finding: Finding


class Broken(Exception):
    """A step that a check relies on did not succeed. The message is printed."""


def holds(measured: str) -> Finding:
    """Return that the promise holds."""
    return Finding(measured, Verdict.HOLDS)


def fails(measured: str) -> Finding:
    """Return that the promise fails."""
    return Finding(measured, Verdict.FAILS)


def not_decidable(reason: str) -> Finding:
    """Return that the promise can neither be confirmed nor refuted here, and why."""
    return Finding(reason, Verdict.NOT_DECIDABLE)


def judged(good: bool, measured: str) -> Finding:
    """Return that the promise holds or fails."""
    return holds(measured) if good else fails(measured)
