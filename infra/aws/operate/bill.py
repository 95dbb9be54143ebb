"""The bill of a stack for a month, line by line.

Units and bytes are those that docs/performance.md measures. The assumptions are named here, and each one is
in the page. A month has 730 hours, as in the calculator of AWS.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from infra.aws.operate.capacity import ISSUE_READS, ISSUE_WRITES, READS, WRITES, executions
from infra.aws.operate.prices import Item, price

HOURS = 730
SECONDS = HOURS * 3600
DAYS = HOURS / 24

KEYS, DASHBOARDS = 2, 1
ALARM_METRICS = 27
"""Metrics that the alarms of the template watch. AWS charges for each."""
IDLE_METRICS = 1
"""Custom metrics with values in an idle stack: the hours since the last walk of the sweep."""
TICKS = HOURS * 60 // 5
"""Invocations of the sweep in a month."""
TICK_READS = 2
WALK_READS = 0.1045
"""Read units of the daily walk for each token, with five tokens of each user."""

LINE_BYTES, LAMBDA_LINE_BYTES, LINES = 277, 264, 4
"""The line of a decision, the three lines that Lambda writes itself, and the number of all."""
BYTES_BESIDE_A_LINE = 26
REFRESH_SECONDS = 300
"""A token's uses are recorded once in this time (LAST_USED_REFRESH_SECONDS)."""

REVOKE_READS, REVOKE_WRITES = 3, 7

DECISION_GB, WORKER_GB = 0.5, 0.25
DECISION_SECONDS = 0.02
"""Assumed: not measured on AWS. Compare it with the average of `Duration`."""
CALL_SECONDS, WORKER_SECONDS = 0.1, 2
"""Assumed: a call of the API, and a run of the sweep or of a reader of the stream."""
REPLACED_DAYS = 90
"""Assumed: each token is replaced by another one after so many days."""
RETENTION_DAYS, LOG_DAYS, EVENT_DAYS = 90, 30, 400
"""The defaults of RETENTION_DAYS, LogRetentionDays and AUDIT_RETENTION_DAYS."""
ROW_BYTES = 1_024 + 100
"""A row of one write unit, and what DynamoDB adds to each for storage."""

_MILLION, _GB = 1_000_000, 1_000_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """The use of a stack."""

    rate: float = 0
    """Requests with a token, by the second. The average over the month."""
    tokens: int = 0
    """Tokens that work."""
    cached: float = 0
    """The share of requests that the cache of API Gateway decides, from 0 to 1."""

    @property
    def requests(self) -> float:
        """Return the requests of a month."""
        return self.rate * SECONDS

    @property
    def decisions(self) -> float:
        """Return the requests about which a function decides."""
        return self.requests * (1 - self.cached)

    @property
    def uses(self) -> float:
        """Return the uses that are recorded, at most one of each token in its interval."""
        return min(self.decisions, self.tokens * SECONDS / REFRESH_SECONDS)

    @property
    def replaced(self) -> float:
        """Return the tokens that are revoked and made anew in a month."""
        return self.tokens * DAYS / REPLACED_DAYS


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the bill."""

    text: str
    item: Item
    amount: float
    """In the item's unit."""

    def dollars(self, region: str) -> float:
        """Return what the line costs in a month. Raises KeyError for an unknown region."""
        return self.amount * price(region, self.item).dollars


def fixed() -> Sequence[Line]:
    """Return the lines of a stack without tokens and without callers."""
    return [
        Line("KMS: two signing keys", Item.KEY, KEYS),
        Line("Dashboard", Item.DASHBOARD, DASHBOARDS),
        Line("Alarms", Item.ALARM, ALARM_METRICS),
        Line("Metric of the sweep", Item.METRIC, IDLE_METRICS),
        Line("Sweep: Lambda, requests", Item.LAMBDA_REQUEST, TICKS / _MILLION),
        Line("Sweep: Lambda, time", Item.LAMBDA_SECOND, TICKS * WORKER_SECONDS * WORKER_GB / _MILLION),
        Line("Sweep: DynamoDB, reads", Item.READ, TICKS * TICK_READS / _MILLION),
        Line("Sweep: logs", Item.LOG, TICKS * _log_bytes() / _GB),
    ]


def variable(load: Load, gateway: Item) -> Sequence[Line]:
    """Return the lines that grow with the use. ``gateway`` is the kind of your API."""
    return [
        Line("API Gateway: requests to your API", gateway, load.requests / _MILLION),
        *_decision_lines(load),
        *_token_lines(load),
    ]


def _decision_lines(load: Load) -> Iterable[Line]:
    decisions = load.decisions
    # Each process reads the public keys once a minute.
    keys = executions(ceil(load.rate * (1 - load.cached))) * HOURS * 60
    written = decisions * _log_bytes() / _GB
    yield Line("Decisions: Lambda, requests", Item.LAMBDA_REQUEST, decisions / _MILLION)
    time = decisions * DECISION_SECONDS * DECISION_GB
    yield Line("Decisions: Lambda, time", Item.LAMBDA_SECOND, time / _MILLION)
    yield Line("Decisions: DynamoDB, reads", Item.READ, (decisions * READS + keys) / _MILLION)
    yield Line("Decisions: DynamoDB, recorded uses", Item.WRITE, load.uses * WRITES / _MILLION)
    yield Line("Decisions: logs", Item.LOG, written)
    yield Line("Decisions: storage of logs", Item.LOG_STORAGE, written * LOG_DAYS / DAYS)


def _token_lines(load: Load) -> Iterable[Line]:
    new = load.replaced
    changes = 2 * new
    reads = new * (ISSUE_READS + REVOKE_READS) + load.tokens * WALK_READS * DAYS
    time = changes * CALL_SECONDS * DECISION_GB + 2 * changes * WORKER_SECONDS * WORKER_GB
    kept = load.tokens + new * RETENTION_DAYS / DAYS + changes * EVENT_DAYS / DAYS
    yield Line("Changes: API Gateway", Item.REST_REQUEST, changes / _MILLION)
    # The call itself, and one invocation of each reader of the stream.
    yield Line("Changes: Lambda, requests", Item.LAMBDA_REQUEST, 3 * changes / _MILLION)
    yield Line("Changes: Lambda, time", Item.LAMBDA_SECOND, time / _MILLION)
    yield Line("Changes and daily walk: DynamoDB, reads", Item.READ, reads / _MILLION)
    yield Line("Changes: DynamoDB, writes", Item.WRITE, new * (ISSUE_WRITES + REVOKE_WRITES) / _MILLION)
    yield Line("Changes: the stream, which Lambda reads for free", Item.READ, 0)
    yield Line("Changes: KMS, signatures", Item.SIGNATURE, new / _MILLION)
    yield Line("Changes: logs", Item.LOG, 3 * changes * _log_bytes() / _GB)
    yield Line("Changes: EventBridge, if you have a bus", Item.EVENT, changes / _MILLION)
    yield Line("Mails, one for each token and month, if you send any", Item.MAIL, load.tokens / _MILLION)
    yield Line("Table: storage", Item.STORAGE, kept * ROW_BYTES / 2**30)
    yield Line("Table: point-in-time recovery", Item.BACKUP, kept * ROW_BYTES / 2**30)


def _log_bytes() -> int:
    """Return the bytes of an invocation's lines, as CloudWatch Logs counts them."""
    return LINE_BYTES + LAMBDA_LINE_BYTES + LINES * BYTES_BESIDE_A_LINE


def total(lines: Iterable[Line], region: str) -> float:
    """Return the dollars of all lines in a month. Raises KeyError for an unknown region."""
    return sum(line.dollars(region) for line in lines)
