"""The authorizer's decision, warm: beside its floors, beside what is usually written, and its refusals."""

import time
from collections.abc import Mapping
from dataclasses import replace

from chalicelib import logs
from tests.benchmarks.options import Options
from tests.benchmarks.place import Place, authorizing, installed, issued, refusing
from tests.benchmarks.subject import Subject, forged, garbage, subject_at
from tests.benchmarks.table import Row, Section, bounded, duration, related
from tests.benchmarks.timing import Call, Step, Timings, interleaved, nothing

# Calls that never leave the process are many times faster, so as many more are timed.
_MORE = 10
_AT_ONCE = 10
_QUIET = ", without its log line"
_DECISIONS = {"decision about a token not seen before": "first", "decision": "decision"}
# To each floor, for each of these decisions.
_MOST = ((0.30, 0.25), (None, None), (0.12, 0.12))


def measured(place: Place, options: Options) -> list[Section]:
    """Time decisions and refusals."""
    subject = subject_at(place)
    with installed(subject.service):
        remote = interleaved(_remote(subject), options.rounds, options.samples, at_once=_AT_ONCE)
    listed = subject.with_list()
    with installed(subject.over_canned_rows(listed)):
        local = interleaved(_local(subject, listed), options.rounds, options.samples * _MORE)
    kinds = garbage(subject.token.secret)
    return [
        Section("Decision, warm, processor time", _decision_rows(remote, local), _NOTES),
        Section("Refusals, without any call, processor time", _refusal_rows(local, kinds), _LOCAL_NOTES),
    ]


_NOTES = (
    f"Processor time of the calling thread, so that no wait is counted. All kinds take turns of {_AT_ONCE} "
    "calls, the usual authorizer included. All against the emulator, over loopback.",
    "Floor: one bare ES256 verification by `cryptography`, and one BatchGetItem of the same rows by "
    "boto3's client, or over a bare socket without a signature. Neither imports a module of the project.",
    "A token has been seen if the same process verified its signature within the minute (decision 35).",
    "A client in memory answers at once, so the rest is our own work, the log line included. The "
    "caller's address is in the last of the ten networks. The policy names them all.",
)

_LOCAL_NOTES = (
    f"Rounds are {_MORE} times as long here, and for the own share with the client in memory: these calls "
    "never leave the process.",
    "The longest string has 4,096 characters, the limit of a token.",
)


def _step(call: Call, before: Call = nothing) -> Step:
    return Step(call, before, now=time.thread_time_ns)


def _quietly(step: Step) -> Step:
    """Return the step without log lines."""
    return replace(step, before=lambda: logs.configure("CRITICAL"), after=lambda: logs.configure("INFO"))


def _remote(subject: Subject) -> dict[str, Step]:
    decision = _step(authorizing(subject.token.secret))
    other = replace(subject, token=issued(subject.service, "stale"))
    return {
        "verification": _step(subject.verification()),
        "read by boto3": _step(subject.read_by_boto3()),
        "bare read": _step(subject.read_by_bare_socket()),
        "usual": _step(subject.usual()),
        "first": replace(decision, before=subject.forget_signatures),
        "decision": decision,
        f"decision{_QUIET}": _quietly(decision),
        "touching": _step(authorizing(other.token.secret), other.make_stale),
    }


def _local(subject: Subject, listed: Subject) -> dict[str, Step]:
    token = subject.token.secret
    steps = {
        "decision": _step(authorizing(token)),
        "listed": _step(authorizing(listed.token.secret)),
        "verification": _step(subject.verification()),
    }
    refusals = {"forged": forged(token), **garbage(token)}
    for name, bad in refusals.items():
        steps[name] = _step(refusing(bad))
        steps[f"{name}{_QUIET}"] = _quietly(steps[name])
    return steps


def _decision_rows(remote: Timings, local: Timings) -> list[Row]:
    verification = remote.p50("verification")
    floors = {
        "to verification and boto3's BatchGetItem": verification + remote.p50("read by boto3"),
        "to verification and a bare BatchGetItem": verification + remote.p50("bare read"),
        "to the usual authorizer": remote.p50("usual"),
    }
    return [
        Row("floor: verification", _both(remote, "verification")),
        Row("floor: BatchGetItem by boto3's client", _both(remote, "read by boto3")),
        Row("floor: BatchGetItem over a bare socket", _both(remote, "bare read")),
        Row("the usual authorizer: PyJWT, boto3 resource, 2 reads, 1 write", _both(remote, "usual")),
        *(
            related(
                f"{what}, {name}", _both(remote, step), duration(floor), remote.p50(step) / floor, bound
            )
            for (name, floor), bounds in zip(floors.items(), _MOST, strict=True)
            for (what, step), bound in zip(_DECISIONS.items(), bounds, strict=True)
        ),
        Row(f"decision{_QUIET}", _both(remote, f"decision{_QUIET}")),
        Row("decision that records a use", _both(remote, "touching")),
        Row("decision, client in memory", _both(local, "decision")),
        Row(
            "the same, with a list of ten networks",
            _both(local, "listed"),
            f"{duration(local.difference('listed', 'decision'))} more",
        ),
    ]


def _refusal_rows(local: Timings, kinds: Mapping[str, str]) -> list[Row]:
    verification = duration(local.p50("verification"))
    return [
        bounded("forged: known key, wrong signature", local.p50("forged"), 300e-6, verification),
        *(
            bounded(name, local.p50(name), 20e-6, f"{duration(local.p50(f'{name}{_QUIET}'))} without line")
            for name in kinds
        ),
    ]


def _both(timings: Timings, name: str) -> str:
    p50, p99 = (duration(timings.percentile(name, percent)) for percent in (50, 99))
    return f"p50 {p50}, p99 {p99}"
