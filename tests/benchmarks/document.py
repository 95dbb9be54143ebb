"""Puts the table into a document, between two markers; all else there is people's."""

from pathlib import Path

BEGIN = "<!-- figures: `make bench DOC=docs/performance.md` writes from here -->"
END = "<!-- figures: to here -->"


def replaced(document: str, table: str) -> str:
    """Return the document with another table. Raises ValueError unless both markers are there once."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in before + after:
        raise ValueError(f"the document needs one line {BEGIN} and, below it, one line {END}")
    return f"{before}{BEGIN}\n\n{table.strip()}\n\n{END}{after}"


def write(path: Path, table: str) -> None:
    """Put the table into a file. Raises OSError or ValueError."""
    text = replaced(path.read_text(encoding="utf-8"), table)
    path.write_text(text, encoding="utf-8")
