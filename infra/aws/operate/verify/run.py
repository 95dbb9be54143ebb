"""A run of all checks: its results, its table, and its end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.account import reason_of
from infra.aws.operate.verify import (
    alarm,
    background,
    conditions,
    doors,
    flows,
    logs,
    networks,
    oauth,
    parameters,
    people,
    speed,
    staleness,
)
from infra.aws.operate.verify.findings import (
    Broken,
    Check,
    Finding,
    Result,
    Verdict,
    fails,
    not_decidable,
)
from infra.aws.operate.verify.site import Site
from infra.aws.terminal import Say, printable

CHECKS: tuple[Check, ...] = (
    *people.FIRST,
    *parameters.CHECKS,
    # These are first, because the changes of other checks increase the spacing of flushes.
    *staleness.CHECKS,
    *flows.CHECKS,
    *networks.CHECKS,
    *oauth.CHECKS,
    *people.CHECKS,
    *doors.CHECKS,
    *speed.CHECKS,
    *background.CHECKS,
    *alarm.CHECKS,
    *conditions.CHECKS,
    # These wait for the lines of all flows.
    *logs.CHECKS,
    *people.LAST,
)
"""The registry of checks, in the order of a run."""

_WIDTHS = (44, 58, 18)
_OPERATOR_MAY_NOT = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})


def run_checks(site: Site, checks: Iterable[Check], say: Say, results: list[Result]) -> None:
    """Run the checks and append each result, so that an interrupted run keeps its results."""
    for check in checks:
        result = Result(check.promise, _found(site, check))
        say(f"  {result.finding.verdict.value:18}  {result.promise}")
        results.append(result)


def _found(site: Site, check: Check) -> Finding:
    """Return the finding. The promise fails if the check cannot continue."""
    try:
        return check.measure(site)
    except Broken as error:
        return fails(str(error))
    except ClientError as error:
        denied = error.response["Error"].get("Code") in _OPERATOR_MAY_NOT
        return (not_decidable if denied else fails)(reason_of(error))
    except (BotoCoreError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        # The message may quote a request or a response.
        return fails(f"not measured: {type(error).__name__}")


def table_of(results: Sequence[Result]) -> list[str]:
    """Return the lines of the table of promise, measured and verdict."""
    rows = [("promise", "measured", "verdict"), tuple("-" * width for width in _WIDTHS)]
    rows += [(each.promise, each.finding.measured, each.finding.verdict.value) for each in results]
    return [line for row in rows for line in _row(row)]


def _row(cells: Sequence[str]) -> list[str]:
    wrapped = [
        textwrap.wrap(printable(cell), width) or [""] for cell, width in zip(cells, _WIDTHS, strict=True)
    ]
    lines = zip_longest(*wrapped, fillvalue="")
    return [
        "  ".join(part.ljust(width) for part, width in zip(line, _WIDTHS, strict=True)).rstrip()
        for line in lines
    ]


def exit_status(results: Sequence[Result], expected: int, left: Sequence[str]) -> int:
    """Return 0 only if every check has run, none failed, and nothing is left behind."""
    failed = any(each.finding.verdict is Verdict.FAILS for each in results)
    return int(failed or bool(left) or len(results) < expected)
