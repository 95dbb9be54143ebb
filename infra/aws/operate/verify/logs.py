"""The log groups of the stack, for refusals by IAM. Callers only see a failure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from infra.aws.operate.verify.findings import Check, Finding, fails, holds, not_decidable
from infra.aws.operate.verify.site import Site

_GROUP = "AWS::Logs::LogGroup"
# Our lines have AWS's error code as cause, and Lambda's own lines have AWS's message. A term of a filter
# pattern matches a whole word, so each form is needed.
_PATTERNS = ('"AccessDenied"', '"AccessDeniedException"', '"not authorized to perform"')
_LONGEST = timedelta(hours=24)
_ARRIVAL_SECONDS = 90.0


def access_denied(site: Site) -> Finding:
    """Search every log group since the deployment, when the lines of this run have arrived."""
    groups = site.names_of(_GROUP)
    if not groups:
        return fails("the stack lacks log groups")
    if not site.made:
        return not_decidable("no token was created, so the logs lack lines of this run")
    if not site.wait_for(_ARRIVAL_SECONDS, lambda: _arrived(site, groups)):
        return not_decidable(f"the lines of this run did not arrive within {_ARRIVAL_SECONDS:g} s")
    since = max(site.facts.deployed_at, site.time.now() - _LONGEST)
    found = {group: count for group in groups if (count := _count(site, group, since))}
    if found:
        return fails("; ".join(f"{count} lines in {group}" for group, count in found.items()))
    told = f"none in {len(groups)} groups since {since:%Y-%m-%d %H:%M} UTC"
    return (
        not_decidable(f"{told}, but the emulator does not check policies")
        if site.facts.emulated
        else holds(told)
    )


def _arrived(site: Site, groups: list[str]) -> bool:
    """Return whether a line has the newest token of this run."""
    begun = site.time.now() - _LONGEST
    return any(lines(site, group, f'"{site.made[-1]}"', begun, limit=1) for group in groups)


def _count(site: Site, group: str, since: datetime) -> int:
    found = [line for pattern in _PATTERNS for line in lines(site, group, pattern, since)]
    return len({(line.get("eventId"), line["message"]) for line in found})


def lines(
    site: Site, group: str, pattern: str, since: datetime, *, limit: int | None = None
) -> list[dict[str, Any]]:
    """Return the events of a log group that match a pattern."""
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"logGroupName": group, "filterPattern": pattern}
    asked["startTime"] = int(since.timestamp() * 1000)
    for page in site.client("logs").get_paginator("filter_log_events").paginate(**asked):
        found += page["events"]
        if limit is not None and len(found) >= limit:
            break
    return found


CHECKS = (Check("No role lacks a permission (AccessDenied in the logs)", access_denied),)
