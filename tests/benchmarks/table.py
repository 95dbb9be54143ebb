"""The one table: what was measured, beside its floor and its target."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

_HEAD = ("what", "measured", "compared with", "ratio", "target", "verdict")


@dataclass(frozen=True, slots=True)
class Row:
    """One line; ``met`` None where nothing was promised."""

    what: str
    measured: str
    compared: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the line as text, by column."""
        # A ratio that was missed by little must not read as the bound itself.
        digits = 3 if self.met is False else 2
        ratio = "" if self.ratio is None else f"{self.ratio:.{digits}f} x"
        verdict = "" if self.met is None else "met" if self.met else "MISSED"
        return (self.what, self.measured, self.compared, ratio, self.target, verdict)


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together, and what has to be said about them."""

    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = field(default=())


def bounded(what: str, seconds: float, bound: float, compared: str = "") -> Row:
    """Return the row of a time that must stay below a bound, in seconds."""
    return Row(what, duration(seconds), compared, None, f"< {duration(bound)}", seconds < bound)


def related(what: str, measured: str, other: str, ratio: float, most: float | None = None) -> Row:
    """Return the row of a figure beside another one that it may exceed ``most``-fold."""
    if most is None:
        return Row(what, measured, other, ratio)
    return Row(what, measured, other, ratio, f"<= {most:.2f} x", ratio <= most)


def duration(seconds: float) -> str:
    """Return a time in the unit that reads best."""
    if abs(seconds) < 1e-3:
        return f"{seconds * 1e6:.1f} us"
    return f"{seconds * 1e3:.2f} ms"


def unjudged(sections: Sequence[Section]) -> list[Section]:
    """Return the sections without verdicts, because a few quick calls cannot support any."""
    return [replace(each, rows=[replace(row, met=None) for row in each.rows]) for each in sections]


def summary(sections: Sequence[Section]) -> str:
    """Say how many targets were met, and name those that were not."""
    judged = [row for section in sections for row in section.rows if row.met is not None]
    if not judged:
        return "A quick look: figures without verdicts."
    missed = [row.what for row in judged if not row.met]
    met = f"{len(judged) - len(missed)} of {len(judged)} targets met."
    return " ".join([met, *(f"Missed: {what}." for what in missed)])


def as_text(sections: Sequence[Section]) -> str:
    """Return the table for a terminal."""
    lines = [row.cells() for section in sections for row in section.rows]
    widths = [max(map(len, column)) for column in zip(_HEAD, *lines, strict=True)]
    text = [_aligned(_HEAD, widths)]
    for section in sections:
        text += ["", section.title]
        text += [_aligned(row.cells(), widths) for row in section.rows]
        text += [f"  * {note}" for note in section.notes]
    return "\n".join([*text, "", summary(sections)])


def as_markdown(sections: Sequence[Section]) -> str:
    """Return the table for a document: every section below its title."""
    text = [f"**{summary(sections)}**"]
    for section in sections:
        text += ["", f"### {section.title}", "", _piped(_HEAD), "|---" * len(_HEAD) + "|"]
        text += [_piped(row.cells()) for row in section.rows]
        text += ["", *(f"- {note}" for note in section.notes)] if section.notes else []
    return "\n".join(text)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return ("  " + "  ".join(padded)).rstrip()


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
