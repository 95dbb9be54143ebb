"""Issuing, listing and revoking through the deployed handler, while the table grows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.dynamodb import primary_keys
from chalicelib.bootstrap import Service
from tests.benchmarks.filling import PARTITION, fill, rows
from tests.benchmarks.meter import Meter, metered, operations, total
from tests.benchmarks.options import Options
from tests.benchmarks.place import Place, installed, issued, jwt_of, signed_in
from tests.benchmarks.prices import Units
from tests.benchmarks.table import Row, Section, duration, related
from tests.benchmarks.timing import Step, Timings, interleaved

ISSUE, LIST, REVOKE = "issue", "list of 100", "revoke"
# In every turn: sizes are minutes apart, and the machine's speed is not the same then.
_BARE = "bare GetItem"
# Nobody else's calls move what is on this user's newest page.
READER = "reader@example.com"
_TOKENS, _TOKEN = "/v1/tokens", "/v1/tokens/{token_id}"
# The emulator sorts a whole partition for each list.
_SAMPLES_PER_ROUND = 10


@dataclass(frozen=True, slots=True)
class Count:
    """What one call did: the operations in order, and what they cost."""

    operations: Sequence[str]
    units: Units


@dataclass(frozen=True, slots=True)
class AtSize:
    """What management takes and costs while the table holds so many tokens."""

    tokens: int
    counts: Mapping[str, Count]
    timings: Timings

    def relative(self, name: str) -> float:
        """Return how many bare GetItems a call takes, by the medians."""
        return self.timings.p50(name) / self.timings.p50(_BARE)


class Client:
    """Sends requests to the deployed handler, as API Gateway does."""

    def __init__(self, service: Service) -> None:
        from app import app

        self._app = app
        self._writer, self._reader = jwt_of(service), jwt_of(service, READER)
        self._service = service
        self._spare: list[str] = []

    def issue(self) -> None:
        """Issue a token."""
        self._send("POST", _TOKENS, 201, self._writer, body='{"name": "bench"}')

    def read_page(self) -> None:
        """List the newest 100 tokens of somebody who has many."""
        self._send("GET", _TOKENS, 200, self._reader, query={"limit": ["100"]})

    def make_spare(self) -> None:
        """Issue a token to revoke."""
        self._spare.append(issued(self._service).token.id)

    def revoke(self) -> None:
        """Revoke the spare token."""
        self._send("DELETE", _TOKEN, 204, self._writer, path={"token_id": self._spare.pop()})

    @property
    def steps(self) -> dict[str, Step]:
        """The three calls."""
        return {
            ISSUE: Step(self.issue),
            LIST: Step(self.read_page),
            REVOKE: Step(self.revoke, self.make_spare),
        }

    def _send(
        self,
        method: str,
        resource: str,
        status: int,
        jwt: str,
        body: str | None = None,
        query: Mapping[str, list[str]] | None = None,
        path: Mapping[str, str] | None = None,
    ) -> None:
        event = {
            "requestContext": {"httpMethod": method, "resourcePath": resource, "requestId": "bench"},
            "headers": {"authorization": f"Bearer {jwt}", "content-type": "application/json"},
            "multiValueQueryStringParameters": query,
            "pathParameters": path or {},
            "stageVariables": None,
            "body": body,
        }
        answer: dict[str, Any] = self._app(event, None)
        if answer["statusCode"] != status:
            raise ValueError(f"{method} {resource}: {answer['statusCode']} {answer['body']}")


def measured(place: Place, options: Options) -> list[Section]:
    """Measure at every size."""
    sizes: list[AtSize] = []
    for before, size in zip((0, *options.sizes), options.sizes, strict=False):
        service = place.service()
        fill(place, rows(service, signed_in(service, READER), before, size))
        sizes.append(_at(place, service, size, options))
    return [Section("Management, by the number of tokens in the table", _rows(sizes), _NOTES)]


def counted(place: Place, meter: Meter) -> Mapping[str, Count]:
    """Count each call in a process that made it once before."""
    service = place.service(meter.url)
    with installed(service):
        client, counts = Client(service), {}
        for name, step in client.steps.items():
            step.before()
            step.call()
            step.before()
            meter.taken()
            step.call()
            calls = meter.taken()
            counts[name] = Count(operations(calls), total(calls))
    return counts


_NOTES = (
    f"One user, who lists, has the first {PARTITION:,} tokens, nearly all of them revoked. All others "
    "belong to users with 100 each. Another one issues and revokes. Calls go through the deployed handler, "
    "the sign-in included. KMS is the emulator's.",
    "Writes are counted by the emulator. Reads are counted by DynamoDB's published rules from the rows "
    "that were read: the emulator reports none for BatchGetItem and always one for a Query. For a GetItem "
    "both ways agree.",
    "The ratio of a call is to one bare GetItem in the same turns. The ratio of times is of these ratios.",
    f"A round has at most {_SAMPLES_PER_ROUND} calls of each kind here, of which the slowest is shown.",
    "The emulator sorts the whole partition for each list, so a list's time is the emulator's own. "
    "DynamoDB seeks.",
)


def _at(place: Place, service: Service, size: int, options: Options) -> AtSize:
    with metered(place.running.endpoint) as meter:
        counts = counted(place, meter)
    with installed(service):
        samples = min(_SAMPLES_PER_ROUND, options.samples)
        steps = Client(service).steps | {_BARE: Step(lambda: _read_one(place, service))}
        timings = interleaved(steps, options.rounds, samples)
    return AtSize(size, counts, timings)


def _read_one(place: Place, service: Service) -> None:
    service.dynamodb.get_item(
        TableName=place.table, Key=primary_keys.user_key("nobody"), ConsistentRead=True
    )


def _rows(sizes: Sequence[AtSize]) -> list[Row]:
    found = []
    for name in (ISSUE, LIST, REVOKE):
        found += [_row(name, size) for size in sizes]
        # In a smaller partition a list of 100 has less to read.
        fair = [size for size in sizes if name != LIST or size.tokens >= PARTITION]
        if len(fair) > 1:
            found += _growth(name, fair[0], fair[-1])
    return found


def _row(name: str, size: AtSize) -> Row:
    p50, slowest = (duration(size.timings.percentile(name, percent)) for percent in (50, 100))
    compared = f"{size.counts[name].units}; GetItem {duration(size.timings.p50(_BARE))}"
    what = f"{name}, {size.tokens:,} tokens"
    return related(what, f"p50 {p50}, slowest {slowest}", compared, size.relative(name))


def _growth(name: str, first: AtSize, last: AtSize) -> list[Row]:
    before, after = first.counts[name], last.counts[name]
    sizes = f"from {first.tokens:,} to {last.tokens:,} tokens"
    times = [f"{size.relative(name):.1f} GetItems" for size in (last, first)]
    growth = last.relative(name) / first.relative(name)
    return [
        Row(
            f"{name}: units {sizes}", f"{after.units}", f"{before.units}", None, "the same", before == after
        ),
        related(f"{name}: time {sizes}", times[0], times[1], growth),
    ]
