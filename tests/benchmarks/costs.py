"""What a million authorizations cost: every unit counted on the wire while a clock is moved."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from tests.benchmarks.meter import Meter, metered, operations, total
from tests.benchmarks.place import Place, authorize, clock_from_now, installed, issued, refusing
from tests.benchmarks.prices import DOLLARS_PER_MILLION_LAMBDA_REQUESTS, Units
from tests.benchmarks.subject import GARBAGE, Subject, forged, subject_at
from tests.benchmarks.table import Row, Section, related

CACHE_SECONDS = 30
_BUSY_SECONDS = 600
_HOURS = 24


@dataclass(frozen=True, slots=True)
class Cost:
    """Units per request, and how many requests reach the authorizer at all."""

    units: Units
    decisions: float

    def __str__(self) -> str:
        """Return dollars for people."""
        return f"${self.units.dollars:.3f}"

    @property
    def lambda_requests(self) -> str:
        """Return what Lambda asks for being called, without the time that it runs."""
        return f"+ ${self.decisions * DOLLARS_PER_MILLION_LAMBDA_REQUESTS:.3f} Lambda requests"


def measured(place: Place) -> list[Section]:
    """Count units and price them."""
    with metered(place.running.endpoint) as meter:
        subject = subject_at(place)
        busy, cached = every_second(place, meter), every_second(place, meter, CACHE_SECONDS)
        hourly = every_hour(place, meter)
        strong, eventual = usual(subject, meter, consistent=True), usual(subject, meter, consistent=False)
        free = refusals(subject, meter)
    rows = [
        _cost_row("used once a second", busy),
        _cost_row(f"used once a second, cached for {CACHE_SECONDS} s", cached),
        _cost_row("used once an hour", hourly),
        _cost_row("the usual authorizer, strong reads", strong),
        _cost_row("the usual authorizer, eventual reads", eventual),
        _ratio_row("once a second, to the usual with strong reads", busy, strong, judged=True),
        _ratio_row("once a second, to the usual with eventual reads", busy, eventual, judged=True),
        _ratio_row("once an hour, to the usual with strong reads", hourly, strong, judged=False),
        Row("calls for a forged token and for garbage", f"{len(free)}", target="0", met=not free),
    ]
    return [Section("DynamoDB, dollars per million requests", rows, _NOTES)]


_NOTES = (
    f"Counted by moving a clock. A process gets {_BUSY_SECONDS} s of one request a second. {_HOURS} "
    "requests an hour apart each get a new process. The figures include loads of the keys (once a minute "
    "and process) and recorded uses (at most one per 300 s).",
    "Prices: us-east-1, on demand, as of 2025. Not included: the time that Lambda runs, API Gateway "
    "($3.50 per million requests of a REST API), storage. Log lines have a table of their own.",
    "Only strong reads keep the promise that a revoked token is refused by the next uncached request. The "
    "usual authorizer with eventual reads does not make it. The two strong reads alone cost a third of its "
    "call, so this target is out of reach.",
)


def every_second(place: Place, meter: Meter, cache_seconds: int = 1) -> Cost:
    """Return the cost per request of a token used every second, in one process."""
    clock = clock_from_now()
    service = place.service(meter.url, clock)
    token = issued(service).secret

    def moments() -> Iterable[None]:
        for _ in range(_BUSY_SECONDS // cache_seconds):
            clock.advance(timedelta(seconds=cache_seconds))
            yield

    with installed(service):
        authorize(token)
        units, decisions = _counted(meter, moments(), lambda: authorize(token))
    return Cost(units.shared_by(_BUSY_SECONDS), decisions / _BUSY_SECONDS)


def every_hour(place: Place, meter: Meter) -> Cost:
    """Return the cost per request of a token used every hour, each time in a new process."""
    clock = clock_from_now()
    token = issued(place.service(meter.url, clock)).secret

    def moments() -> Iterable[None]:
        for _ in range(_HOURS):
            clock.advance(timedelta(hours=1))
            with installed(place.service(meter.url, clock)):
                yield

    units, decisions = _counted(meter, moments(), lambda: authorize(token))
    return Cost(units.shared_by(_HOURS), decisions / _HOURS)


def usual(subject: Subject, meter: Meter, *, consistent: bool) -> Cost:
    """Return the cost per request of the baseline: every request is like any other."""
    call = subject.usual(meter.url, consistent=consistent)
    units, _ = _counted(meter, [None], call)
    return Cost(units, 1)


def refusals(subject: Subject, meter: Meter) -> list[str]:
    """Return the calls that a forged token and garbage cause, the keys being loaded."""
    service = subject.place.service(meter.url)
    with installed(service):
        authorize(subject.token.secret)
        meter.taken()
        refusing(forged(subject.token.secret))()
        refusing(GARBAGE)()
    return operations(meter.taken())


def _counted(meter: Meter, moments: Iterable[None], call: Callable[[], object]) -> tuple[Units, int]:
    meter.taken()
    decisions = 0
    for _ in moments:
        call()
        decisions += 1
    return total(meter.taken()), decisions


def _cost_row(what: str, cost: Cost) -> Row:
    units = Units(round(cost.units.read, 4), round(cost.units.write, 4))
    return Row(what, str(cost), f"{units}; {cost.lambda_requests}")


def _ratio_row(what: str, ours: Cost, other: Cost, *, judged: bool) -> Row:
    ratio = ours.units.dollars / other.units.dollars
    return related(what, str(ours), str(other), ratio, 1 / 3 if judged else None)
