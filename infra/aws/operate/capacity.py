"""The arithmetic of docs/operations.md, "Capacity": the settings for a rate, and the limits of AWS.

The command ``capacity`` prints the table for other rates. The defaults of AWS are from these pages:

- "Lambda quotas", "Understanding Lambda function scaling" (ten requests a second for each execution)
- "DynamoDB on-demand capacity mode", "Understanding DynamoDB warm throughput in different scenarios"
- "Request quotas" of AWS KMS, "Amazon API Gateway quotas"
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from math import ceil

RATES = (10, 1_000, 10_000)
"""Requests per second. Nothing is cached in the worst case, so each request is a decision."""

READS, WRITES = 2, 1
"""Units of a decision: the rows of token and user, and a use that is recorded."""
ISSUE_READS, ISSUE_WRITES = 3, 8
"""Units of a new token, its event and the index included."""
ISSUE_WRITES_OF_PARTITION = 4
"""Write units of a new token in its user's partition: two rows of a transaction."""

SECONDS = 0.05
"""The time of a decision, with a margin. Measure `Duration`, p99."""
REQUESTS_OF_AN_EXECUTION = 10
HEADROOM, LEAST = 2, 10
"""A reservation is a cap, so it must also suffice for bursts and cold starts."""
UNRESERVED = 100

NEW_ACCOUNT, USUAL_ACCOUNT = 10, 1_000
"""Executions at a time in a region: the quota of many new accounts, and Lambda's default."""
PARTITION_READS, PARTITION_WRITES = 3_000, 1_000
TABLE_READS, TABLE_WRITES = 12_000, 4_000
"""Units per second at which an on-demand table starts."""
SIGNATURES = 1_000
"""Signatures by ECC keys per second, for all keys of an account and region."""
GATEWAY = 10_000
"""Requests per second of all APIs of an account and region."""

_HEAD = (
    "requests a second",
    "executions at a time",
    "reservation",
    "account's quota, at least",
    "read units",
    "`WarmReadUnits`",
    "write units, at most",
    "`WarmWriteUnits`",
    "users it takes, at least",
)


def executions(rate: int) -> int:
    """Return how many executions run at a time, limited by their duration or by Lambda's rate for each."""
    return max(ceil(rate * SECONDS), ceil(rate / REQUESTS_OF_AN_EXECUTION))


def table(rates: Iterable[int]) -> list[str]:
    """Return the lines of a Markdown table: the settings for each rate."""
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD))]
    return lines + [_line(_settings(rate)) for rate in rates]


def limits() -> list[tuple[str, int]]:
    """Return each limit in decisions (or new tokens) per second, the lowest first."""
    found = {
        "executions of a new account (10)": NEW_ACCOUNT * REQUESTS_OF_AN_EXECUTION,
        "one user: reads of a partition": PARTITION_READS // READS,
        "one user: new tokens by writes of a partition": PARTITION_WRITES // ISSUE_WRITES_OF_PARTITION,
        "the table's start: reads": TABLE_READS // READS,
        "the table's start: first uses": TABLE_WRITES // WRITES,
        "the table's start: new tokens": TABLE_WRITES // ISSUE_WRITES,
        "KMS: new tokens and access tokens": SIGNATURES,
        "executions of an account (1,000)": USUAL_ACCOUNT * REQUESTS_OF_AN_EXECUTION,
        "API Gateway": GATEWAY,
    }
    return sorted(found.items(), key=lambda each: each[1])


def _settings(rate: int) -> list[str]:
    reservation = max(executions(rate) * HEADROOM, LEAST)
    reads, writes = rate * READS, rate * WRITES
    return [
        f"{rate:,}",
        f"{executions(rate):,}",
        f"{reservation:,}",
        f"{reservation + UNRESERVED:,}",
        f"{reads:,}",
        f"{reads:,}" if reads > TABLE_READS else "empty",
        f"{writes:,}",
        f"{writes:,}" if writes > TABLE_WRITES else "empty",
        f"{ceil(reads / PARTITION_READS):,}",
    ]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the rates."""
    parser.add_argument("rates", metavar="RATE", type=int, nargs="*", help="in requests per second")


def run(options: argparse.Namespace) -> None:
    """Print the table for some rates, and the limits."""
    print("\n".join(table(options.rates or RATES)))
    for name, limit in limits():
        print(f"{limit:7,} per second: {name}")
