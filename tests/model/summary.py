"""The summary of a list, derived from the members of its tokens alone."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

ALIVE = ("active", "inactive", "idle")
WEEK = timedelta(days=7)

Listed = Mapping[str, Any]


def summary_of(tokens: Sequence[Listed], now: datetime) -> dict[str, Any]:
    """Return what the summary of these token resources must say, without the members on the owner."""
    created = {token["id"]: token["created_at"] for token in tokens}

    def works(token: Listed) -> bool:
        return bool(token["status"] == "active" and not token["successor_id"])

    def within(moment: str | None, span: timedelta) -> bool:
        return moment is not None and datetime.fromisoformat(moment) - now <= span

    def lately(moment: str | None) -> bool:
        return moment is not None and now - datetime.fromisoformat(moment) < WEEK

    def goes_idle(token: Listed) -> bool:
        ends = [token["idle_at"], token["expires_at"] or "9999"]
        return within(token["idle_at"], WEEK) and ends[0] < ends[1]

    def used_beside(token: Listed) -> bool:
        if token["status"] != "active" or not token["successor_id"] or not token["last_used_at"]:
            return False
        return bool(token["last_used_at"] > created[token["successor_id"]])

    def refused(token: Listed) -> bool:
        return lately(token["refused"]["last_at"]) and token["refused"]["last_reason"] != "rotated"

    kinds: Mapping[str, Callable[[Listed], bool]] = {
        "expiring": lambda token: works(token) and within(token["expires_at"], WEEK),
        "idling": lambda token: works(token) and goes_idle(token),
        "never_used": lambda token: works(token) and token["last_used_at"] is None,
        "used_in_overlap": used_beside,
        "used_after_overlap": lambda token: lately(token["last_reused_at"]),
        "exposed": lambda token: token["revoked_reason"] == "exposed" and lately(token["revoked_at"]),
        "refused": refused,
    }
    alive = [token for token in tokens if token["status"] in ALIVE]
    month = [token for token in alive if token["last_used_at"] and _within_a_month(token, now)]
    return {
        "total": len(tokens),
        "is_complete": True,
        "statuses": {"active": 0, "inactive": 0, "idle": 0, "expired": 0, "revoked": 0}
        | Counter(token["status"] for token in tokens),
        "live": len({_family(token, tokens) for token in alive}),
        "not_ended": len(alive),
        "ended": len(tokens) - len(alive),
        "used_in_30_days": len(month),
        **{kind: sum(map(matches, tokens)) for kind, matches in kinds.items()},
    }


def counts(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return a summary with the number of each reason alone, and without the members on the owner."""
    return {
        name: value["count"] if isinstance(value, dict) and "count" in value else value
        for name, value in summary.items()
        if name not in ("limit", "working")
    }


def _within_a_month(token: Listed, now: datetime) -> bool:
    return datetime.fromisoformat(token["last_used_at"]) > now - timedelta(days=30)


def _family(token: Listed, tokens: Sequence[Listed]) -> str:
    """Return the id of the first token of a family, as far as it is listed."""
    by_id = {each["id"]: each for each in tokens}
    while token["predecessor_id"] in by_id:
        token = by_id[token["predecessor_id"]]
    return str(token["id"])
