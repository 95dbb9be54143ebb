"""The README and the pages of docs: what they name exists, and their sentences are plain."""

from __future__ import annotations

import importlib
import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import pytest

from infra import prose
from infra.__main__ import COMMANDS, Module, _parser

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "packages" / name / "README.md" for name in ("python", "js")]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *PACKAGES,
    *sorted((ROOT / "docs").rglob("*.md")),
]
ROOMS = "adapters|bootstrap|domain|handlers|services|settings|web"
NAMED = re.compile(
    rf"(?:app|chalicelib|docs|infra|tests|{ROOMS})(?:/[\w-]+)*(?:/|\.(?:py|json|yaml|html|js|md))"
)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)|`", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in plain}


def name_of(page: Path) -> str:
    """Return a page's path below the project."""
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file of the project and, after the mark, to a heading in it."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not heading or heading in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_it_names_exist(page: Path) -> None:
    """Paths in code spans begin at the project's folder or at ``chalicelib``."""
    spans = re.findall(r"`([^`\s]+)`", page.read_text(encoding="utf-8"))
    missing = [
        s
        for s in spans
        if NAMED.fullmatch(s) and not any((ROOT / r / s).exists() for r in ("", "chalicelib"))
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_that_it_names_exist(page: Path) -> None:
    """Modules that Python runs, and targets of make."""
    text = page.read_text(encoding="utf-8")
    modules = re.findall(r"python -m ((?:infra|tests)[\w.]*)", text)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"(?:`|^\$? ?)make (?:-s )?([a-z-]+)\b", text, re.MULTILINE)
    assert [module for module in modules if find_spec(module) is None] == []
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_command_lines_are_valid(page: Path) -> None:
    """The parser of ``python -m infra`` takes each line of a code block, with its options."""
    blocks = re.findall(
        r"^ *```(?:console|sh)\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.S | re.M
    )
    text = "".join(blocks).replace("\\\n", " ")
    for line in re.findall(r"python -m infra (.*)$", text, re.MULTILINE):
        words = shlex.split(line, comments=True)
        name = next(each for each in (" ".join(words[:2]), words[0]) if each in COMMANDS)
        module = cast("Module", importlib.import_module(COMMANDS[name].module))
        assert _parser(name, module).parse_args(words)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_sentences_are_plain(page: Path) -> None:
    """As ``make lint`` checks them."""
    assert list(prose.findings([str(page)])) == []


def test_readme_is_a_screen_and_a_half() -> None:
    """It has the parts that a newcomer looks for. Everything else is a page of docs."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    headings = ["Try it", "How it works", "What it costs", "When not to use it", "Read on"]
    assert re.findall(r"^## (.*)$", readme, re.MULTILINE) == headings
    assert len(readme.splitlines()) <= 120
    assert "make run" in readme
    assert "make test" in readme
