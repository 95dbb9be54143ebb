"""A figure of the table in a document: bars of decisions, cold starts and units, ours beside the peers.

It is plain SVG. Three panels of bars need no library that draws.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tests.benchmarks.document import BEGIN, END

# Seconds, dollars or units, as ``table.duration`` and ``prices.Units`` write them.
_NUMBER = re.compile(r"(?:p50 )?\$?(?P<number>[0-9.,]+) ?(?P<unit>us|ms|s\b|)")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "": 1.0}

_WIDTH, _LABELS, _BARS = 760, 330, 330
_TITLE, _LINE, _BAR = 34, 26, 16
# Dark text on a ground of its own is readable on a dark page too.
_GROUND, _INK, _OURS, _OTHERS = "#ffffff", "#1f2328", "#0b5cad", "#8c959f"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, and the row that it shows: the first one of a section that both expressions match."""

    label: str
    what: str
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars with one scale. ``section`` is how the section's title begins, as an expression."""

    title: str
    section: str
    bars: Sequence[Bar]
    form: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A bar with its value."""

    bar: Bar
    value: float


PANELS = (
    Panel(
        "A warm decision, milliseconds",
        "Decision, warm, processor|Beside the usual authorizer",
        (
            Bar("this service", "decision, (to verification and boto3|no use to record)", is_ours=True),
            Bar("usual authorizer", ".*PyJWT, boto3 resource"),
        ),
        "{:.2f} ms",
    ),
    Panel(
        "A cold start, milliseconds of processor time",
        "Cold start of the authorizer",
        (
            Bar("this service, first decision", "first decision, to", is_ours=True),
            Bar("boto3 and two reads alone", "floor: .*boto(core|3).*with the two reads"),
            Bar("an interpreter that does nothing", "an interpreter"),
        ),
        "{:.0f} ms",
    ),
    Panel(
        "DynamoDB, dollars for a million requests",
        "DynamoDB, dollars",
        (
            Bar("this service, used once a second", "used once a second$", is_ours=True),
            Bar("this service, cached for 30 s", "used once a second, cached", is_ours=True),
            Bar("usual authorizer, strong reads", "the usual authorizer, strong"),
            Bar("usual authorizer, eventual reads", "the usual authorizer, eventual"),
        ),
        "${:.3f}",
    ),
)


def write(path: Path) -> Path:
    """Draw the figure of a document, and write it beside the document. Return its path.

    Raises OSError, or ValueError if a row is missing.
    """
    drawn = path.parent / "images" / f"{path.stem}.svg"
    drawn.parent.mkdir(exist_ok=True)
    drawn.write_text(svg(path.read_text(encoding="utf-8")), encoding="utf-8")
    return drawn


def svg(document: str) -> str:
    """Return the figure of a document's table. Raises ValueError if a row is missing."""
    rows = rows_of(document.partition(BEGIN)[2].partition(END)[0])
    top, parts, spoken = 10, [], []
    for panel in PANELS:
        drawn = [Drawn(bar, value_of(rows, panel.section, bar.what)) for bar in panel.bars]
        parts.append(_text(16, top + 20, panel.title, weight="bold"))
        top += _TITLE
        most = max(each.value for each in drawn) or 1
        for each in drawn:
            parts.append(_bar(each, top, most, panel.form))
            top += _LINE
        values = "; ".join(f"{each.bar.label} {panel.form.format(each.value)}" for each in drawn)
        spoken.append(f"{panel.title}: {values}.")
        top += 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" role="img" '
        f'aria-labelledby="title description" font-family="sans-serif" font-size="14">\n'
        f'<title id="title">This service beside its peers</title>\n'
        f'<desc id="description">{escape(" ".join(spoken))}</desc>\n'
        f'<rect width="{_WIDTH}" height="{top}" fill="{_GROUND}"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def rows_of(table: str) -> list[tuple[str, str, str]]:
    """Return the title of the section, the first cell and the second one of each row of the table."""
    title, found = "", []
    for line in table.splitlines():
        if line.startswith("### "):
            title = line.removeprefix("### ")
        elif line.startswith("| "):
            what, measured = [cell.strip() for cell in line.split("|")[1:3]]
            found.append((title, what, measured))
    return found


def value_of(rows: Sequence[tuple[str, str, str]], section: str, what: str) -> float:
    """Return the number of the first row that both expressions match, a time in milliseconds.

    Raises ValueError if there is none.
    """
    for title, name, measured in rows:
        if re.match(section, title) and re.match(what, name):
            number = _NUMBER.match(measured)
            if number is None:
                raise ValueError(f"the row {name} has no number: {measured}")
            return float(number["number"].replace(",", "")) * _MILLISECONDS[number["unit"]]
    raise ValueError(f"the table has no row for {what!r} of {section!r}")


def _bar(drawn: Drawn, top: int, most: float, form: str) -> str:
    width = max(round(drawn.value / most * _BARS), 1)
    colour = _OURS if drawn.bar.is_ours else _OTHERS
    middle = top + _BAR - 3
    return "\n".join(
        (
            _text(_LABELS - 10, middle, drawn.bar.label, anchor="end"),
            f'<rect x="{_LABELS}" y="{top}" width="{width}" height="{_BAR}" fill="{colour}"/>',
            _text(_LABELS + width + 8, middle, form.format(drawn.value)),
        )
    )


def _text(x: int, y: int, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x}" y="{y}" fill="{_INK}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(text)}</text>"
    )
