"""How figures come out of what was measured: medians, ratios, units, the table and where it is put."""

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.ids import MAX_API_TOKEN_LENGTH
from chalicelib.settings import Settings
from tests.benchmarks import document, log_costs
from tests.benchmarks.capacity import Item, item_bytes, read_units
from tests.benchmarks.cold_programs import (
    BARE,
    BOTO3,
    INTERPRETER,
    PROGRAMS,
    PROGRAMS_OVER_TLS,
    USUAL,
)
from tests.benchmarks.cold_start import used
from tests.benchmarks.options import parsed
from tests.benchmarks.prices import DOLLARS_PER_MILLION_LAMBDA_REQUESTS, LogLines, Units
from tests.benchmarks.subject import garbage
from tests.benchmarks.table import (
    Row,
    Section,
    as_markdown,
    as_text,
    bounded,
    duration,
    related,
    summary,
    unjudged,
)
from tests.benchmarks.timing import Step, Timings, interleaved, percentile
from tests.support.service import ENVIRON


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([5.0], 50, 5.0),
        ([4.0, 1.0, 3.0, 2.0], 50, 2.0),
        ([float(n) for n in range(1, 101)], 99, 99.0),
        ([float(n) for n in range(1, 101)], 100, 100.0),
        ([1.0, 2.0], 99, 2.0),
    ],
)
def test_percentile_is_the_nearest_rank(values: list[float], percent: float, expected: float) -> None:
    """A percentile is a value that was measured, never one in between."""
    assert percentile(values, percent) == expected


def test_figures_are_medians_of_rounds() -> None:
    """One round that the machine spoilt moves no figure."""
    timings = Timings([{"a": [1.0, 2.0, 3.0]}, {"a": [90.0, 90.0, 90.0]}, {"a": [2.0, 3.0, 4.0]}])
    assert timings.p50("a") == 3.0
    assert timings.percentile("a", 99) == 4.0


def test_difference_is_taken_within_a_turn() -> None:
    """What slowed a whole turn down is in all of its calls, and cancels out."""
    timings = Timings([{"whole": [11.0, 104.0, 12.0], "part": [6.0, 55.0, 6.0], "other": [4.0, 48.0, 4.0]}])
    assert timings.difference("whole", "part", "other") == 1.0


def test_steps_take_turns_and_each_begins() -> None:
    """No step is always the one behind another; what prepares a step comes right before it."""
    done: list[str] = []
    steps = {
        "a": Step(lambda: done.append("a")),
        "b": Step(lambda: done.append("b"), lambda: done.append("before b")),
    }
    timings = interleaved(steps, rounds=3, samples=2)
    assert "".join(name[-1] for name in done if name != "before b") == "ab" * 2 + "abba" * 3
    assert all(done[n + 1] == "b" for n, name in enumerate(done) if name == "before b")
    assert [len(taken["b"]) for taken in timings.rounds] == [2, 2, 2]


def test_steps_take_turns_of_several_calls() -> None:
    """Most calls then follow one of their own kind. The work around a call is not timed."""
    done: list[str] = []
    ticks = iter(range(0, 1_000_000_000, 1_000))
    steps = {
        "a": Step(lambda: done.append("a"), now=lambda: next(ticks)),
        "b": Step(lambda: done.append("b"), lambda: done.append("("), lambda: done.append(")")),
    }
    timings = interleaved(steps, rounds=1, samples=4, at_once=2)
    assert "".join(done).endswith("aa" + "(b)(b)" + "(b)(b)" + "aa")
    assert timings.rounds[0]["a"] == [1e-6] * 4


def test_ratio_that_was_missed_by_little_is_not_shown_as_the_bound() -> None:
    """Rounded it would read as met."""
    assert related("decision", "", "", 1.2541, 1.25).cells()[3:] == ("1.254 x", "<= 1.25 x", "MISSED")
    assert related("decision", "", "", 1.2499, 1.25).cells()[3:] == ("1.25 x", "<= 1.25 x", "met")


def item(**attributes: str) -> Item:
    """Return an item of strings."""
    return {name: {"S": value} for name, value in attributes.items()}


@pytest.mark.parametrize(
    ("row", "size"),
    [
        ({}, 0),
        (item(pk="ab"), 4),
        (item(name="\u2713"), 7),
        ({"n": {"N": "1700000000123"}}, 9),
        ({"n": {"N": "1700000000000"}}, 3),
        ({"n": {"N": "0"}}, 2),
        ({"n": {"N": "-12"}}, 3),
    ],
)
def test_item_size_follows_the_published_rule(row: Item, size: int) -> None:
    """Names and strings in UTF-8; numbers at half a byte per significant digit and one more."""
    assert item_bytes(row) == size


def test_unknown_type_has_no_size() -> None:
    """A type without a rule is an error, not a guess."""
    with pytest.raises(ValueError, match="type BOOL"):
        item_bytes({"flag": {"BOOL": "true"}})


FULL = item(pk="x" * 4094)
OVER = item(pk="x" * 4095)


@pytest.mark.parametrize(
    ("operation", "request_", "answer", "units"),
    [
        ("GetItem", {}, {"Item": FULL}, 0.5),
        ("GetItem", {"ConsistentRead": True}, {"Item": FULL}, 1),
        ("GetItem", {"ConsistentRead": True}, {"Item": OVER}, 2),
        ("GetItem", {"ConsistentRead": True}, {}, 1),
        ("Query", {"ConsistentRead": True}, {"Items": []}, 1),
        ("Query", {"ConsistentRead": True}, {"Items": [FULL, item(pk="x")]}, 2),
        ("Query", {"ConsistentRead": True}, {"Items": [item(pk="x")] * 100}, 1),
        ("Query", {}, {"Items": [FULL, FULL, FULL]}, 1.5),
        ("Sign", {}, {}, 0),
    ],
)
def test_reads_cost_what_is_published(
    operation: str, request_: dict[str, Any], answer: dict[str, Any], units: float
) -> None:
    """A read of one item is rounded up by 4 KB, a query as a whole; eventual reads cost half."""
    assert read_units(operation, request_, answer) == units


def test_batch_rounds_each_item_and_bills_missing_ones() -> None:
    """Two small items cost two units although they fit in one, and so does one that is not there."""
    keys = {"Keys": [{}, {}, {}], "ConsistentRead": True}
    answer = {"Responses": {"t": [item(pk="a"), OVER]}}
    assert read_units("BatchGetItem", {"RequestItems": {"t": keys}}, answer) == 4
    assert read_units("BatchGetItem", {"RequestItems": {"t": keys}}, {"Responses": {}}) == 3


def test_units_are_priced() -> None:
    """Units add up, are shared and have a price per million."""
    units = (Units(read=1) + Units(read=1, write=2)).shared_by(2)
    assert units == Units(1, 1)
    assert units.dollars == 0.75
    assert str(units) == "1 RRU + 1 WRU"


def test_log_lines_are_priced() -> None:
    """Each line is billed with 26 bytes more."""
    lines = LogLines([74, 174])
    assert lines.dollars == 0.15
    assert str(lines) == "74 + 174 bytes"


def test_document_has_the_cost_of_log_lines() -> None:
    """Bytes are counted, so the table is the same on every machine."""
    section = log_costs.measured()
    document = (Path(__file__).parents[2] / "docs" / "performance.md").read_text()
    table = as_markdown([section]).split("\n\n", 1)[1]
    assert table in document


def test_sampled_line_costs_less_than_the_reads() -> None:
    """That is what the setting is for."""
    reads, line, sampled, _ = (float(row.measured[1:]) for row in log_costs.measured().rows)
    assert sampled < line / 8 < reads


SECTIONS = [
    Section("First", [bounded("fast", 19e-6, 20e-6), bounded("slow", 20e-6, 20e-6)], ["A note."]),
    Section(
        "Second", [related("near", "1", "1", 1.25, 1.25), related("told", "2", "1", 2.0), Row("x", "y")]
    ),
]


def test_table_says_what_was_missed() -> None:
    """A target is met or missed plainly; where nothing is promised nothing is judged."""
    assert summary(SECTIONS) == "2 of 3 targets met. Missed: slow."
    assert summary(SECTIONS[1:]) == "1 of 1 targets met."
    text = as_text(SECTIONS)
    assert "  slow  20.0 us" in text
    assert text.count("MISSED") == 1
    assert "2.00 x" in text


def test_quick_look_has_no_verdicts() -> None:
    """Its few calls support none. The figures and the targets stay."""
    quick = unjudged(SECTIONS)
    assert summary(quick) == "A quick look: figures without verdicts."
    cells = [row.cells() for section in quick for row in section.rows]
    assert [row[:5] for row in cells] == [row.cells()[:5] for section in SECTIONS for row in section.rows]
    assert {row[5] for row in cells} == {""}


def test_table_as_markdown_has_equal_columns() -> None:
    """Each row has as many cells as the head of its table."""
    lines = [line for line in as_markdown(SECTIONS).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {7}
    assert len(lines) == 2 * 2 + 5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.5, "1500.00 ms"), (0.001, "1.00 ms"), (0.0009994, "999.4 us"), (-1e-5, "-10.0 us")],
)
def test_duration_has_a_unit(seconds: float, text: str) -> None:
    """Below a millisecond in microseconds."""
    assert duration(seconds) == text


def test_document_keeps_what_people_wrote(tmp_path: Path) -> None:
    """Only what stands between the markers is replaced, time and again."""
    path = tmp_path / "performance.md"
    path.write_text(f"# Title\n\n{document.BEGIN}\nold\n{document.END}\n\n## More\n")
    for table in ("new\n", "newer"):
        document.write(path, table)
    assert path.read_text() == f"# Title\n\n{document.BEGIN}\n\nnewer\n\n{document.END}\n\n## More\n"


@pytest.mark.parametrize(
    "text", ["", document.BEGIN, document.END + document.BEGIN, (document.BEGIN + document.END) * 2]
)
def test_document_without_its_markers_is_refused(text: str) -> None:
    """Nothing is overwritten where nobody said so."""
    with pytest.raises(ValueError, match="one line"):
        document.replaced(text, "table")


def test_performance_document_has_its_place() -> None:
    """`make bench DOC=docs/performance.md` finds where to write."""
    text = Path("docs/performance.md").read_text(encoding="utf-8")
    assert "| new |" in document.replaced(text, "| new |")


def test_options_bound_the_run() -> None:
    """The largest table is the one asked for; a quick run is small whatever is asked."""
    assert parsed(["--rows", "1000000"]).sizes == (100, 10_000, 100_000, 1_000_000)
    assert parsed(["--rows", "500"]).sizes == (100, 500)
    assert parsed(["--rows", "100"]).sizes == (100,)
    quick = parsed(["--quick", "--rows", "1000000", "--rounds", "9"])
    assert (quick.rounds, quick.sizes) == (2, (100, 1_000))
    assert parsed([]).cold_starts >= 11
    assert (quick.is_quick, parsed([]).is_quick) == (True, False)
    assert quick.extent.endswith("not to be quoted.")
    assert parsed([]).extent == "Medians of 7 rounds of 100 calls each, unless a note says otherwise."


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("--rows=0", "ROWS must be a whole number from 1 on, for example ROWS=60."),
        ("--rounds=-1", "ROUNDS must be a whole number from 1 on, for example ROUNDS=60."),
        ("--load-seconds=x", "LOAD_SECONDS must be a whole number from 0 on, for example LOAD_SECONDS=60."),
        ("--doc=no/such.md", "DOC names no file: no/such.md. Try DOC=docs/performance.md."),
    ],
)
def test_senseless_options_are_refused(argument: str, sentence: str) -> None:
    """A run that could not say anything does not begin. A sentence names the value of make."""
    with pytest.raises(SystemExit) as refused:
        parsed([argument])
    assert refused.value.code == sentence


@pytest.mark.parametrize("program", [INTERPRETER, BARE, BOTO3, USUAL])
def test_floors_import_nothing_of_the_project(program: str) -> None:
    """Our own avoidable cost must not be part of a floor."""
    tree = ast.parse({**PROGRAMS, **PROGRAMS_OVER_TLS}[program])
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert {
        name for name in imported if name.partition(".")[0] in {"chalicelib", "app", "tests", "infra"}
    } == set()


def test_garbage_is_of_every_kind_and_length() -> None:
    """Most are as long as a token may be, or one character longer. No kind is verified."""
    kinds = garbage(f"bodhi_{'h' * 120}.{'p' * 200}.{'s' * 86}")
    assert len(set(kinds.values())) == len(kinds) == 13
    assert max(map(len, kinds.values())) == MAX_API_TOKEN_LENGTH + 1
    assert sum(len(each) > 3_900 for each in kinds.values()) == 8


def test_process_that_fails_is_no_measurement(tmp_path: Path) -> None:
    """The time until a crash is nobody's cold start, and nothing but the package can be imported."""
    assert used("pass", {}, tmp_path).seconds > 0
    assert 1 < used("pass", {}, tmp_path).mebibytes < 30
    # The end of the process is not counted, and a program may state its figure itself.
    assert used("CPU = 7.5", {}, tmp_path).seconds == 7.5
    with pytest.raises(ValueError, match="ended with 3"):
        used("raise SystemExit(3)", {}, tmp_path)
    with pytest.raises(ValueError, match="ended with 1"):
        used("import cryptography", {}, tmp_path)


def test_document_has_the_invocations_of_the_flusher() -> None:
    """They follow from the interval of touches, from that for new networks, and from the price."""
    document = (Path(__file__).parents[2] / "docs" / "performance.md").read_text()
    interval = Settings.from_environ(ENVIRON).last_used_refresh
    a_day, at_most = timedelta(days=1) // interval, timedelta(days=1) // timedelta(minutes=1)
    in_a_month = 30 * 1_000 * a_day
    dollars = in_a_month / 1e6 * DOLLARS_PER_MILLION_LAMBDA_REQUESTS
    for figure in (f"{a_day} invocations a day", f"causes {at_most:,}.", f"is ${dollars:.2f}."):
        assert figure in document
    assert f"{in_a_month / 1e6:.1f} million invocations in 30 days" in document
