"""The judge of a run under load, which compares every status with the log of the changes.

A change is in effect once it is acknowledged, and not before it was asked for. In between both statuses are
right. All times are seconds of this machine's clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

LET_IN, REFUSED = 200, 401
_ROUNDING = 0.002
"""Times on the wire are cut to milliseconds."""
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Change:
    """A change after which a token, or all tokens of a user, may be used or may not.

    ``acknowledged`` is infinite if no response acknowledged the change. ``what`` is for readers.
    """

    subject: str
    usable: bool
    asked: float
    acknowledged: float
    what: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """A call of the protected API and its status, which is 0 without a response."""

    token_id: str
    user_id: str
    sent: float
    received: float
    status: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The service's record of a token after the run."""

    last_used: float | None
    uses: int


def faults(
    uses: Sequence[Use], changes: Sequence[Change], kept: Mapping[str, Kept], refresh: float
) -> list[str]:
    """Return all faults, a line each. ``refresh`` is LAST_USED_REFRESH_SECONDS."""
    logs: dict[str, list[Change]] = defaultdict(list)
    for change in sorted(changes, key=lambda each: each.asked):
        logs[change.subject].append(change)
    return [*_wrong_answers(uses, logs), *_wrong_records(uses, logs, kept, refresh)]


def _wrong_answers(uses: Sequence[Use], logs: Mapping[str, Sequence[Change]]) -> Iterator[str]:
    for use in uses:
        known = [_usable(logs.get(subject, ()), use) for subject in (use.token_id, use.user_id)]
        if use.status not in (LET_IN, REFUSED):
            yield f"{use.token_id} was answered {use.status}"
        elif use.status == LET_IN and False in known:
            yield f"{use.token_id} was let in, {_since(logs, use)} after it was acknowledged to be refused"
        elif use.status == REFUSED and known == [True, True]:
            yield f"{use.token_id} was refused while it was active"


def _usable(log: Sequence[Change], use: Use) -> bool | None:
    """Return if the subject was usable during the whole call, or None if that is not certain."""
    begun = [change for change in log if change.asked <= use.received]
    if not begun:
        return True
    return begun[-1].usable if begun[-1].acknowledged <= use.sent else None


def _since(logs: Mapping[str, Sequence[Change]], use: Use) -> str:
    ends = [
        change.acknowledged
        for subject in (use.token_id, use.user_id)
        for change in logs.get(subject, ())
        if not change.usable and change.acknowledged <= use.sent
    ]
    return f"{use.sent - max(ends):.3f} s"


def _wrong_records(
    uses: Sequence[Use],
    logs: Mapping[str, Sequence[Change]],
    kept: Mapping[str, Kept],
    refresh: float,
) -> Iterator[str]:
    let_in: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        if use.status == LET_IN:
            let_in[use.token_id].append(use)
    for token_id in {**kept, **let_in}:
        wrong = _wrong_record(kept[token_id], let_in[token_id], logs.get(token_id, ()), refresh)
        yield from (f"{token_id} {each}" for each in wrong)


def _wrong_record(
    found: Kept, let_in: Sequence[Use], log: Sequence[Change], refresh: float
) -> Iterator[str]:
    shown = _NEVER if found.last_used is None else found.last_used
    # A use that meets a change of its token is not written. The next use is.
    certain = [use for use in let_in if not _meets(use, log)]
    last = max((use.sent for use in certain), default=_NEVER)
    if shown < last - refresh - _ROUNDING:
        yield f"was used at {last:.3f}, which its last use ({found.last_used}) does not show"
    latest = max((use.received for use in let_in), default=_NEVER)
    if shown > latest + _ROUNDING:
        yield f"shows a last use at {shown:.3f}, after anybody was let in with it ({latest:.3f})"
    least = _written_at_least(certain, refresh)
    if not least <= found.uses <= len(let_in):
        yield f"was used {len(let_in)} times, {least} written: it counts {found.uses}"


def _meets(use: Use, log: Sequence[Change]) -> bool:
    return any(change.asked <= use.received and use.sent <= change.acknowledged for change in log)


def _written_at_least(uses: Sequence[Use], refresh: float) -> int:
    """Return the least number of uses that must have been written.

    After each allowed call, the last use in the row is at most ``refresh`` old.
    """
    written, end = 0, _NEVER
    for use in sorted(uses, key=lambda each: each.received):
        if use.sent - refresh - _ROUNDING > end:
            written, end = written + 1, use.received
    return written
