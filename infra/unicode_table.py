"""The command ``unicode-table``: write the table of characters for the rules for text from outside.

Run ``python -m infra unicode-table`` with Python 3.11, which has Unicode 14.0.0. The table is committed, so
that every Python gives the same answer. The categories come from ``unicodedata``. It lacks some properties.
They are copied here from the Unicode Character Database.
"""

import argparse
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from infra.aws.errors import CommandError

VERSION = "14.0.0"
TABLE = Path(__file__).resolve().parents[1] / "chalicelib" / "domain" / "unicode_table.py"

_LINE = 100
_EVERY = range(sys.maxunicode + 1)


def _code_points(*ranges: tuple[int, int]) -> frozenset[int]:
    return frozenset(point for first, last in ranges for point in range(first, last + 1))


# DerivedCoreProperties-14.0.0.txt, Default_Ignorable_Code_Point.
_DEFAULT_IGNORABLE = _code_points(
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
# PropList-14.0.0.txt, Bidi_Control. They can make a text look like another one.
_BIDI_CONTROL = _code_points((0x61C, 0x61C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069))
# The Unicode Standard 14.0, section 23.3, deprecated format characters. They too change the look of a text.
_DEPRECATED_FORMAT = _code_points((0x206A, 0x206F))
# Section 23.8, annotation characters. They can hide one text behind another.
_ANNOTATION = _code_points((0xFFF9, 0xFFFB))
# Section 23.9, the language tag and the tag characters. They can spell invisible text.
_TAG = _code_points((0xE0001, 0xE0001), (0xE0020, 0xE007F))
# The tag characters in the flags of regions (UTS #51, emoji tag sequences). England's flag has them.
_FLAG_TAG = _code_points((0xE0030, 0xE0039), (0xE0061, 0xE007A), (0xE007F, 0xE007F))
# Symbols with an empty glyph: a Braille pattern, the place of an embedded object and a note head.
# Unicode 15.0 added the last two, which are blank hieroglyphs.
_BLANK = _code_points((0x2800, 0x2800), (0xFFFC, 0xFFFC), (0x1D159, 0x1D159), (0x13441, 0x13442))

_REFUSED_FORMAT = _BIDI_CONTROL | _DEPRECATED_FORMAT | _ANNOTATION | (_TAG - _FLAG_TAG)


def _category(point: int) -> str:
    return unicodedata.category(chr(point))


def _is_white_space(point: int) -> bool:
    return chr(point).isspace()


def _is_refused(point: int) -> bool:
    category = _category(point)
    is_control = category in {"Cc", "Zl", "Zp"}
    # Reserved for future format characters, which are invisible.
    is_reserved = category == "Cn" and point in _DEFAULT_IGNORABLE
    is_noncharacter = point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF
    return is_control or is_reserved or is_noncharacter or point in _REFUSED_FORMAT


def _is_invisible(point: int) -> bool:
    category = _category(point)
    # A mark is only visible on a base.
    is_invisible_kind = category[0] in "MZ" or category in {"Cc", "Cf"}
    return is_invisible_kind or point in _DEFAULT_IGNORABLE or point in _BLANK


_SETS: tuple[tuple[str, str, Callable[[int], bool]], ...] = (
    ("WHITE_SPACE", "White space, which is trimmed.", _is_white_space),
    ("REFUSED", "Refused in plain text, as are lone surrogates.", _is_refused),
    ("FLAG_TAGS", "Allowed in plain text only within the flag of a region.", _FLAG_TAG.__contains__),
    ("INVISIBLE", "Not visible by themselves. White space is among them.", _is_invisible),
)


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add nothing."""


def run(_: argparse.Namespace) -> None:
    """Write the table. Raises CommandError if Python has another Unicode."""
    TABLE.write_text(module(), encoding="utf-8")
    print(f"Wrote {TABLE.name} of Unicode {VERSION}.")


def module() -> str:
    """Return the source of the table's module. Raises CommandError if Python has another Unicode."""
    known = unicodedata.unidata_version
    if known != VERSION:
        raise CommandError(f"The table is made of Unicode {VERSION}. This Python knows Unicode {known}.")
    parts = [
        f'"""Sets of characters of Unicode {VERSION}, written as the inside of a character class.\n\n'
        'Made by ``python -m infra unicode-table``. Do not edit it by hand.\n"""\n'
    ]
    for name, meaning, belongs in _SETS:
        parts.append(f"# {meaning}\n{name} = {_literal(filter(belongs, _EVERY))}\n")
    return "\n".join(parts)


def _literal(points: Iterable[int]) -> str:
    wrapped = textwrap.wrap(" ".join(_members(points)), width=_LINE, break_on_hyphens=False)
    lines = [f'r"{line.replace(" ", "")}"' for line in wrapped]
    if len(lines) == 1:
        return lines[0]
    return "".join(["(\n", *(f"    {line}\n" for line in lines), ")"])


def _members(points: Iterable[int]) -> Iterator[str]:
    """Yield the ranges of sorted code points, written for a character class."""
    # Consecutive numbers differ from their index by the same amount.
    for _, run in groupby(enumerate(points), lambda pair: pair[1] - pair[0]):
        found = [point for _, point in run]
        dash = "-" if len(found) > 2 else ""
        yield _escape(found[0]) if len(found) == 1 else f"{_escape(found[0])}{dash}{_escape(found[-1])}"


def _escape(point: int) -> str:
    if point > 0xFFFF:
        return f"\\U{point:08x}"
    return f"\\u{point:04x}" if point > 0xFF else f"\\x{point:02x}"
