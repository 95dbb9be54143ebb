"""The authorizer's decision, warm: beside its floor, beside what is usually written, and its refusals."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from chalicelib.bootstrap import Service
from chalicelib.domain.errors import MalformedToken
from tests.benchmarks.options import Options
from tests.benchmarks.place import Place, authorizing, installed, issued, refusing
from tests.benchmarks.subject import GARBAGE, Subject, forged, subject_at
from tests.benchmarks.table import Row, Section, bounded, duration, related
from tests.benchmarks.timing import Step, Timings, interleaved

# Calls that never leave the process are many times faster, so as many more are timed.
_MORE = 10


def measured(place: Place, options: Options) -> list[Section]:
    """Time decisions and refusals."""
    subject = subject_at(place)
    with installed(subject.service):
        # Apart: what the SDK leaves behind, in memory and in the processor's caches, slows others down.
        floor = interleaved(_floor(subject), options.rounds, options.samples)
        others = interleaved(_others(subject), options.rounds, options.samples)
    listed = subject.with_list()
    with installed(subject.over_canned_rows(listed)) as service:
        local = interleaved(_local(subject, listed, service), options.rounds, options.samples * _MORE)
    return [
        Section("Decision, warm", _decision_rows(floor, local), _NOTES),
        Section("Beside the usual authorizer, in turns of their own", _usual_rows(others)),
        Section("Refusals, without any call", _refusal_rows(local), _LOCAL_NOTES),
    ]


_NOTES = (
    "Floor: one bare ES256 verification by `cryptography` and one bare BatchGetItem of the same rows by "
    "the authorizer's own client. All against the emulator, over loopback.",
    "Own share: all but those two, the log line included. The difference within each turn includes the "
    "emulator's noise. The target is judged with a client that answers from memory at once.",
    "The caller's address is in the last of the ten networks. The policy names them all.",
)

_LOCAL_NOTES = (
    f"Rounds are {_MORE} times as long here, and for the own share with the client in memory: these calls "
    "never leave the process.",
)


def _floor(subject: Subject) -> dict[str, Step]:
    token = subject.token.secret
    return {
        "decision": Step(authorizing(token)),
        "verification": Step(subject.verification()),
        "read": Step(subject.read),
    }


def _others(subject: Subject) -> dict[str, Step]:
    token = subject.token.secret
    other = replace(subject, token=issued(subject.service, "stale"))
    return {
        "decision": Step(authorizing(token)),
        "touching": Step(authorizing(other.token.secret), other.make_stale),
        "read by the SDK": Step(subject.read_by_sdk),
        "usual": Step(subject.usual()),
    }


def _local(subject: Subject, listed: Subject, service: Service) -> dict[str, Step]:
    token = subject.token.secret
    bad = forged(token)
    return {
        "decision": Step(authorizing(token)),
        "listed": Step(authorizing(listed.token.secret)),
        "verification": Step(subject.verification()),
        "forged": Step(refusing(bad)),
        "garbage": Step(refusing(GARBAGE)),
        "garbage alone": Step(_malformed(service)),
    }


def _decision_rows(remote: Timings, local: Timings) -> list[Row]:
    floor = remote.p50("verification") + remote.p50("read")
    ratio = remote.p50("decision") / floor
    return [
        Row("floor: verification", _both(remote, "verification")),
        Row("floor: BatchGetItem by its own client", _both(remote, "read")),
        related("decision, no use to record", _both(remote, "decision"), duration(floor), ratio, 1.25),
        Row("own share, by difference", duration(remote.difference("decision", "verification", "read"))),
        bounded("own share, client in memory", local.difference("decision", "verification"), 150e-6),
        Row(
            "the same, with a list of ten networks",
            duration(local.difference("listed", "verification")),
            f"{duration(local.difference('listed', 'decision'))} more",
        ),
    ]


def _usual_rows(remote: Timings) -> list[Row]:
    decision, usual, touching = (remote.p50(name) for name in ("decision", "usual", "touching"))
    beside, ratio = duration(usual), decision / usual
    return [
        Row("PyJWT, boto3 resource, 2 reads, 1 write", _both(remote, "usual")),
        related("decision, no use to record", _both(remote, "decision"), beside, ratio, 0.5),
        related("decision that records a use", _both(remote, "touching"), beside, touching / usual),
        Row("the decision's BatchGetItem by botocore", _both(remote, "read by the SDK")),
    ]


def _refusal_rows(local: Timings) -> list[Row]:
    verification = duration(local.p50("verification"))
    return [
        bounded("forged: known key, wrong signature", local.p50("forged"), 300e-6, verification),
        bounded("garbage of 306 characters", local.p50("garbage"), 20e-6),
        Row("the same without event and log line", duration(local.p50("garbage alone"))),
    ]


def _malformed(service: Service) -> Callable[[], object]:
    def refuse() -> None:
        with suppress(MalformedToken):
            service.verify(GARBAGE)

    return refuse


def _both(timings: Timings, name: str) -> str:
    p50, p99 = (duration(timings.percentile(name, percent)) for percent in (50, 99))
    return f"p50 {p50}, p99 {p99}"
