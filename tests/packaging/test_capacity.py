"""The arithmetic of capacity: the page shows what the module computes from measured figures."""

import re

import pytest

from infra.__main__ import main
from infra.aws.operate import capacity
from infra.aws.package import concurrency
from tests.packaging.fresh import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
FIGURES = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")


def between(mark: str) -> list[str]:
    """Return the lines of the page that a program made."""
    text = PAGE.partition(f"<!-- {mark}: infra/aws/operate/capacity.py -->\n")[2]
    return text.partition(f"\n<!-- {mark}: to here -->")[0].splitlines()


def test_page_shows_the_table() -> None:
    """For 10, 1,000 and 10,000 requests a second."""
    assert capacity.RATES == (10, 1_000, 10_000)
    assert between("capacity") == capacity.table(capacity.RATES)


def test_page_shows_each_limit() -> None:
    """The lowest first, because that one breaks first."""
    rows = [f"| {limit:,} | {name} |" for name, limit in capacity.limits()]
    assert between("limits") == ["| per second | limit |", "|---|---|", *rows]


def test_units_are_those_that_are_measured() -> None:
    """The benchmark counts them: two rows, and the keys once a minute."""
    reads, writes = re.findall(r"^\| used once a second \|.*?([\d.]+) RRU \+ ([\d.]+) WRU", FIGURES, re.M)[
        0
    ]
    assert int(float(reads)) == capacity.READS
    assert float(writes) * 300 == pytest.approx(capacity.WRITES, rel=0.02)
    issue = re.findall(r"^\| issue: units .*? \| (\d+) RRU \+ (\d+) WRU \|", FIGURES, re.M)[0]
    assert [int(units) for units in issue] == [capacity.ISSUE_READS, capacity.ISSUE_WRITES]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(0, 0), (1, 1), (10, 1), (11, 2), (1_000, 100), (10_000, 1_000), (12_345, 1_235)],
)
def test_each_execution_takes_ten_requests_a_second(rate: int, expected: int) -> None:
    """A decision is shorter than the tenth of a second that Lambda counts at least."""
    assert capacity.SECONDS < 1 / capacity.REQUESTS_OF_AN_EXECUTION
    assert capacity.executions(rate) == expected


def test_one_user_gets_1500_uncached_decisions_a_second() -> None:
    """3,000 read units of a partition, two for each decision."""
    assert dict(capacity.limits())["one user: reads of a partition"] == 1_500


def test_parameters_begin_where_the_table_does() -> None:
    """Below its start a table is warm by itself; and the deployment counts as the page does."""
    (small, _, large) = capacity.table(capacity.RATES)[2:]
    assert small.count("empty") == 2
    assert "| 20,000 | 20,000 |" in large
    assert capacity.UNRESERVED == concurrency.UNRESERVED


def test_command_prints_other_rates(capsys: pytest.CaptureFixture[str]) -> None:
    """As many as are given."""
    assert main(["capacity", "500"]) == 0
    printed = capsys.readouterr().out
    assert "| 500 | 50 | 100 | 200 | 1,000 | empty | 500 | empty | 1 |" in printed
    assert "1,500 per second: one user" in printed
