"""The times of warm decisions and cold starts of the authorizer, from Lambda's report lines."""

from __future__ import annotations

import base64
import json
import math
import re
import statistics
from collections.abc import Sequence
from datetime import timedelta

from infra.aws.operate.verify.doors import DOORS
from infra.aws.operate.verify.findings import Broken, Check, Finding, judged, not_decidable
from infra.aws.operate.verify.logs import lines
from infra.aws.operate.verify.site import Site

TURNS = 100
WARM_P99_MS = 100.0
"""A decision is one read of a few milliseconds."""

COLD_START_MS = 2000.0
"""The threshold of the alarm AuthorizerSlowness."""

_WARMING_TURNS = 10
_FUNCTION = "ApiTokenAuthorizer"
_DURATION = re.compile(r"\tDuration: ([0-9.]+) ms")
_INIT = re.compile(r"Init Duration: ([0-9.]+) ms")
_LONGEST = timedelta(hours=24)


def warm(site: Site) -> Finding:
    """Invoke the authorizer many times with one token, and read the durations that Lambda reports."""
    made = site.create()
    event = DOORS[0].event(made.token, f"arn:aws:execute-api:{site.facts.region}:0:verify0000")
    turns = [_turn(site, event) for _ in range(_WARMING_TURNS + TURNS)][_WARMING_TURNS:]
    seen = _quantiles([waited for waited, _ in turns])
    known = [reported for _, reported in turns if reported is not None]
    if len(known) < TURNS // 2:
        return not_decidable(f"{seen} at the invoker. Lambda does not report durations")
    p99, told = (
        _quantile(known, 0.99),
        f"{_quantiles(known)} of at most {WARM_P99_MS:g} ms. At the invoker: {seen}",
    )
    return _timed(site, p99 <= WARM_P99_MS, told)


def cold(site: Site) -> Finding:
    """Read the durations of starts since the deployment from the log."""
    group = site.physical(f"{_FUNCTION}Logs")
    since = max(site.facts.deployed_at, site.time.now() - _LONGEST)
    found = [_INIT.search(event["message"]) for event in lines(site, group, '"Init Duration"', since)]
    starts = [float(each[1]) for each in found if each]
    if not starts:
        return not_decidable(f"the log has no start since {since:%Y-%m-%d %H:%M} UTC")
    slowest = max(starts)
    told = f"{len(starts)} starts, median {statistics.median(starts):.0f} ms, slowest {slowest:.0f} ms"
    return _timed(site, slowest <= COLD_START_MS, f"{told} of at most {COLD_START_MS:g} ms")


def _timed(site: Site, good: bool, told: str) -> Finding:
    if site.facts.emulated:
        return not_decidable(f"{told}, but the emulator is not Lambda")
    return judged(good, told)


def _turn(site: Site, event: object) -> tuple[float, float | None]:
    """Return the milliseconds at the invoker, and those that Lambda reports."""
    function = site.facts.outputs.get(f"{_FUNCTION}AliasArn") or site.physical(_FUNCTION)
    begun = site.time.monotonic()
    invoked = site.client("lambda").invoke(
        FunctionName=function, LogType="Tail", Payload=json.dumps(event).encode()
    )
    waited = 1000 * (site.time.monotonic() - begun)
    if invoked.get("FunctionError"):
        raise Broken("the authorizer cannot decide about a new token")
    found = _DURATION.search(base64.b64decode(invoked.get("LogResult", "")).decode(errors="replace"))
    return waited, float(found[1]) if found else None


def _quantiles(values: Sequence[float]) -> str:
    return f"p50 {statistics.median(values):.1f} ms, p99 {_quantile(values, 0.99):.1f} ms"


def _quantile(values: Sequence[float], quantile: float) -> float:
    return sorted(values)[math.ceil(len(values) * quantile) - 1]


CHECKS = (
    Check("A warm decision takes milliseconds", warm),
    Check("A cold start stays below two seconds", cold),
)
