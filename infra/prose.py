"""`python -m infra.prose [PATH...]`: check sentences against docs/contributing.md, "Words"."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

PLACES = ("app.py", "chalicelib", "infra", "README.md", "docs", "Makefile", ".chalice")
MAX_WORDS = 25
# Sentences that may stay as they are, each with its reason beside it.
EXCEPTIONS: frozenset[str] = frozenset()

_OPENINGS = re.compile(r"(What|Who|Whom|Whose|Which|Whether|Where|How)\b")
_BENT = re.compile(
    r"\b(?:nobody|somebody|whoever|whom|(?:is|are|was|were) no(?! longer\b| more than\b))\b", re.I
)
_CODE = re.compile(r"``.+?``|`[^`]+`", re.S)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
# An abbreviation's or a number's full stop is followed by no capital.
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]*_]*\s+(?=[\"'(\[*_]*[A-Z0-9`])|\n\s*\n")
_WORD = re.compile(r"[\w$][\w'./:@#%&*+=<>{}\[\]()-]*")
_COMMENT_MARK = {".js": "//", ".yaml": "#", ".yml": "#", ".sh": "#"}


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of prose and the line at which it begins, counted from 1."""

    line: int
    words: str
    is_docstring: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence that the guide would write otherwise."""

    place: str
    why: str
    sentence: str

    def __str__(self) -> str:
        """Return the line that is printed."""
        return f"{self.place}: {self.why}: {self.sentence}"


def check(path: Path) -> Iterator[Finding]:
    """Yield the findings in one file; a file of an unknown kind has none."""
    for text in _texts(path):
        if text.is_docstring and (opening := _OPENINGS.match(text.words)):
            yield Finding(f"{path}:{text.line}", f"opens with {opening[1]}", _first_line(text.words))
        for sentence in _sentences(text.words):
            if sentence in EXCEPTIONS:
                continue
            place = f"{path}:{text.line}"
            if bent := _BENT.search(sentence):
                yield Finding(place, f"says “{bent[0]}”", sentence)
            if (count := len(_WORD.findall(sentence))) > MAX_WORDS:
                yield Finding(place, f"has {count} words", sentence)


def files(places: list[str]) -> Iterator[Path]:
    """Yield the files that are checked."""
    for place in map(Path, places):
        yield from sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]


def main() -> None:
    """Print each finding on a line; exit with 1 if there are any."""
    findings = [finding for path in files(sys.argv[1:] or list(PLACES)) for finding in check(path)]
    for finding in findings:
        print(finding)
    if findings:
        sys.exit(f"{len(findings)} sentences to write otherwise; see docs/contributing.md")


def _texts(path: Path) -> Iterator[Text]:
    if path.suffix == ".py":
        yield from _python(path.read_text())
    elif path.suffix == ".md":
        yield from _markdown(path.read_text())
    elif path.suffix == ".html":
        yield from _html(path.read_text())
    elif path.suffix == ".css":
        source = path.read_text()
        for comment in re.finditer(r"/\*(.*?)\*/", source, re.S):
            yield Text(source.count("\n", 0, comment.start()) + 1, comment[1].strip())
    elif path.suffix in _COMMENT_MARK or path.name in {"Makefile", "lint-web", "make-venv"}:
        yield from _line_comments(path.read_text(), _COMMENT_MARK.get(path.suffix, "#"))


def _python(source: str) -> Iterator[Text]:
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, documented) and (text := ast.get_docstring(node)):
            docstrings.add(id(node.body[0].value))  # type: ignore[attr-defined]
            yield Text(node.body[0].lineno, text, is_docstring=True)
    in_f_strings = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            # A value inside a sentence counts as one word.
            words = "".join(str(p.value) if isinstance(p, ast.Constant) else "X" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value
        else:
            continue
        if id(node) not in docstrings | in_f_strings and _is_prose(words):
            yield Text(node.lineno, words)
    yield from _python_comments(source)


def _python_comments(source: str) -> Iterator[Text]:
    begin, lines = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if not lines:
                begin = token.start[0]
            lines.append(token.string.lstrip("#: "))
        elif token.type not in {tokenize.NL, tokenize.NEWLINE} and lines:
            yield from _comment(begin, lines)
            lines = []


def _line_comments(source: str, mark: str) -> Iterator[Text]:
    begin, lines = 0, list[str]()
    for number, line in enumerate([*source.splitlines(), ""], 1):
        stripped = line.strip()
        if stripped.startswith((mark, "*", "/*")):
            if not lines:
                begin = number
            lines.append(stripped.strip("/*# "))
        elif lines:
            yield from _comment(begin, lines)
            lines = []
        if " ## " in line:
            yield Text(number, line.partition(" ## ")[2])


def _comment(begin: int, lines: list[str]) -> Iterator[Text]:
    text = "\n".join(lines)
    if not text.startswith(("noqa", "type:", "!")):
        yield Text(begin, text)


def _markdown(source: str) -> Iterator[Text]:
    block, begin, fenced = list[str](), 1, False
    for number, line in enumerate([*source.splitlines(), ""], 1):
        stripped = line.strip()
        starts_block = bool(re.match(r"[-*] |\d+\. |#|\||>|<", stripped))
        if block and (not stripped or starts_block or stripped.startswith("```")):
            yield Text(begin, "\n".join(block))
            block = []
        if stripped.startswith("```"):
            fenced = not fenced
        elif stripped.startswith("|"):
            yield from (
                Text(number, cell.strip()) for cell in re.split(r"(?<!\\)\|", stripped) if cell.strip()
            )
        elif stripped and not fenced:
            if not block:
                begin = number
            block.append(re.sub(r"^(?:[-*>] |\d+\. |#+ )", "", stripped))


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Text] = []
        self._skipping = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipping = tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._skipping = False

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._skipping:
            self.found.append(Text(self.getpos()[0], data.strip()))


def _html(source: str) -> Iterator[Text]:
    parser = _Texts()
    parser.feed(source)
    yield from parser.found


def _is_prose(words: str) -> bool:
    return len(words.split()) >= 4 and bool(re.search(r"[a-z]{2,} [a-z]{2,}", words))


def _sentences(words: str) -> Iterator[str]:
    plain = _LINK.sub(r"\1", _CODE.sub("`code`", words))
    for sentence in _SENTENCE_END.split(plain):
        if one_line := " ".join(sentence.split()):
            yield one_line


def _first_line(words: str) -> str:
    return words.partition("\n")[0]


if __name__ == "__main__":
    main()
