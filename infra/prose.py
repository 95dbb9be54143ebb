"""The command ``prose``: check sentences against docs/contributing.md, "Words"."""

from __future__ import annotations

import argparse
import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from infra.aws.errors import CommandError

PLACES = (
    "app.py",
    "chalicelib",
    "infra",
    "packages",
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs",
    "Makefile",
)
MAX_WORDS = 25
# Sentences that may stay as they are, each with its reason beside it.
EXCEPTIONS: frozenset[str] = frozenset()

_OPENINGS = re.compile(r"(What|Who|Whose|Which|Whether|Where|How)\b")
_BENT = re.compile(
    r"\b(?:nobody|somebody|whoever|whom|(?:is|are|was|were)\sno(?!\slonger\b|\smore\sthan\b))\b", re.I
)
_CODE = re.compile(r"``.+?``|`[^`]+`", re.S)
_COMMANDS = re.compile(r":\n\n(?:  .+\n)+")  # to paste, indented below a line that ends with a colon
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
# An abbreviation's or a number's full stop is followed by no capital.
_SENTENCE_END = re.compile(
    r"(?<=[.!?])[\"')\]*_]*\s+(?=[\"'(\[*_]*[A-Z0-9`])"  # the next sentence
    r"|\n\s*\n|\n\s*(?=(?:[-*]|\d+\.) )"  # the next paragraph or item
)
_WORD = re.compile(r"[\w$][\w'./:@#%&*+=<>{}\[\]()-]*")
_NO_PROSE = ("noqa", "type:", "pragma:", "eslint", "stylelint", "!")
_SCRIPT = re.compile(
    r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"""  # strings
    r"|(//[^\n]*|/\*.*?\*/)",  # comments
    re.S,
)
_SHELL = re.compile(r"""^[ \t]*()Description: (.+)|(?:^|(?<=\s))(\#+)(?:[ ](.*))?$""", re.M)


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
        place = f"{path}:{text.line}"
        if text.is_docstring and (opening := _OPENINGS.match(text.words)):
            yield Finding(place, f"opens with {opening[1]}", text.words.partition("\n")[0])
        for sentence in _sentences(text.words):
            if sentence in EXCEPTIONS:
                continue
            if bent := _BENT.search(sentence):
                yield Finding(place, f"says “{bent[0]}”", sentence)
            if (count := len(_WORD.findall(sentence))) > MAX_WORDS:
                yield Finding(place, f"has {count} words", sentence)


def findings(places: Iterable[str]) -> Iterator[Finding]:
    """Yield the findings in files, and in all files below folders."""
    for place in map(Path, places):
        paths = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
        for path in paths:
            yield from check(path)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files and folders."""
    parser.add_argument("paths", metavar="PATH", nargs="*", help=f"default: {', '.join(PLACES)}")


def run(options: argparse.Namespace) -> None:
    """Print each finding on a line. Raises CommandError if there are any."""
    found = list(findings(options.paths or PLACES))
    for finding in found:
        print(finding)
    if found:
        raise CommandError(f"{len(found)} sentences to write otherwise. See docs/contributing.md.")


def _texts(path: Path) -> Iterator[Text]:
    match path.suffix:
        case ".py":
            yield from _python(path.read_text())
        case ".md":
            yield from _markdown(path.read_text())
        case ".html":
            yield from _html(path.read_text())
        case ".js" | ".css":
            yield from _script(path.read_text())
        case ".yaml" | ".yml" | ".sh" | "":
            yield from _shell(path.read_text())


def _python(source: str) -> Iterator[Text]:
    nodes = list(ast.walk(ast.parse(source)))
    docstrings = {id(text): words for text, words in filter(None, map(_docstring, nodes))}
    in_f_strings = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            # A value inside a sentence counts as one word.
            words = "".join(str(p.value) if isinstance(p, ast.Constant) else "X" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = _COMMANDS.sub(":\n\n", node.value)
        else:
            continue
        if docstring := docstrings.get(id(node)):
            yield Text(node.lineno, docstring, is_docstring=True)
        elif id(node) not in in_f_strings and _is_prose(words):
            yield Text(node.lineno, words)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    yield from _comments((*t.start, t.string.lstrip("#: ")) for t in tokens if t.type == tokenize.COMMENT)


def _docstring(node: ast.AST) -> tuple[ast.expr, str] | None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    words = ast.get_docstring(node)
    return (node.body[0].value, words) if words and isinstance(node.body[0], ast.Expr) else None


def _script(source: str) -> Iterator[Text]:
    comments = list[tuple[int, int, str]]()
    for found in _SCRIPT.finditer(source):
        line, column = (
            source.count("\n", 0, found.start()) + 1,
            found.start() - source.rfind("\n", 0, found.start()),
        )
        if found[2]:
            comments.append(
                (line, column, "\n".join(part.strip("/* \t") for part in found[2].splitlines()))
            )
        elif _is_prose(found[1]):
            yield Text(line, re.sub(r"\$\{.*?\}", "X", found[1][1:-1]))
    yield from _comments(comments)


def _shell(source: str) -> Iterator[Text]:
    comments = list[tuple[int, int, str]]()
    for number, line in enumerate(source.splitlines(), 1):
        if found := _SHELL.search(line):
            if found[2]:
                yield Text(number, found[2])
            else:
                comments.append((number, found.start(), found[4] or ""))
    yield from _comments(comments)


def _comments(comments: Iterable[tuple[int, int, str]]) -> Iterator[Text]:
    """Join comments (line, column, words) that stand below one another into one text."""
    begin, end = 0, (0, 0)
    lines = list[str]()
    for line, column, words in comments:
        if lines and (line, column) != end:
            yield Text(begin, "\n".join(lines))
            lines = []
        if not lines:
            begin = line
        if not words.startswith(_NO_PROSE):
            lines.append(words)
        end = (line + 1, column)
    if lines:
        yield Text(begin, "\n".join(lines))


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
        elif fenced or not stripped:
            continue
        elif stripped.startswith("|"):
            cells = (cell.strip() for cell in re.split(r"(?<!\\)\|", stripped))
            yield from (Text(number, cell) for cell in cells if cell)
        else:
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
        for name, value in attrs:
            if name in {"title", "alt", "placeholder", "aria-label"} and value:
                self.found.append(Text(self.getpos()[0], value))

    def handle_endtag(self, tag: str) -> None:
        self._skipping = False

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._skipping:
            self.found.append(Text(self.getpos()[0], data.strip()))

    def handle_comment(self, data: str) -> None:
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
