"""Hooks of MkDocs for the site of docs. They run in `.venv-docs`, which has no package of the service.

The pages link to files beside `docs`. The hooks bring these files into the site, so that it is whole.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS, SOURCE = "docs/", "source/"
MADE = ROOT / "build" / "docs-made"

_LINK = re.compile(r"(\]\()(?!https?:|mailto:|#)([^)\s#]+)")
_FENCE = re.compile(r"^( *```.*?^ *```)$", re.DOTALL | re.MULTILINE)
_DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_BOX = re.compile(r'^ *(\w+)\["(.*?)"\]$', re.MULTILINE)
_ARROW = re.compile(r"^ *(\w+) --> (\w+)$", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the decisions to the navigation, in their order."""
    pages = sorted(path.name for path in (ROOT / DOCS / "decisions").glob("0*.md"))
    assert config.nav is not None
    found = [f"decisions/{name}" for name in ("README.md", *pages)]
    config.nav[-1]["Explanation"].append({"Decisions": found})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made at each build, and the files beside `docs` that pages link to."""
    for path in MADE.glob("*.md"):
        files.append(File.generated(config, path.name, abs_src_path=str(path)))
    waiting = [DOCS + file.src_uri for file in files.documentation_pages() if not file.generated_by]
    while waiting:
        for target in _targets(waiting.pop()):
            uri = _uri(target)
            if uri.startswith(SOURCE) and uri not in files.src_uris and (ROOT / target).is_file():
                files.append(File.generated(config, uri, abs_src_path=str(ROOT / target)))
                waiting += [target] if target.endswith(".md") else []
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to files where the site has them, and show the diagram of rooms as a table."""
    place = page.file.src_uri
    own = place.removeprefix(SOURCE) if place.startswith(SOURCE) else DOCS + place
    folder = posixpath.dirname(place)

    def moved(link: re.Match[str]) -> str:
        return link[1] + posixpath.relpath(_uri(_resolved(own, link[2])), folder or ".")

    parts = _FENCE.split(_DIAGRAM.sub(_as_table, markdown))
    # Every second part is a code block.
    return "".join(
        _indented(part) if number % 2 else _spaced(_LINK.sub(moved, part))
        for number, part in enumerate(parts)
    )


def _indented(block: str) -> str:
    """Indent a code block of a list by four spaces, which Python-Markdown requires."""
    spaces = len(block) - len(block.lstrip(" "))
    return re.sub("^(?=.)", " " * (4 - spaces), block, flags=re.M) if 0 < spaces < 4 else block


def _spaced(text: str) -> str:
    """Write lists as Python-Markdown requires: inner parts by four spaces, and items apart from them."""
    text = re.sub(r"^ {2,3}(?=\S)", "    ", text, flags=re.M)
    return re.sub(r"^(    .*\n)(?=(?:-|\d+\.) )", r"\1\n", text, flags=re.M)


def _targets(page: str) -> Iterator[str]:
    text = _FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    yield from (_resolved(page, link[2]) for link in _LINK.finditer(text))


def _resolved(page: str, link: str) -> str:
    """Return the path in the repository that a link of a page leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def _uri(path: str) -> str:
    """Return the path in the site of a file of the repository."""
    return path.removeprefix(DOCS) if path.startswith(DOCS) else SOURCE + path


def _as_table(diagram: re.Match[str]) -> str:
    # Drawing it takes a script of 3 MB, which would come from another host.
    names = {node: text.replace("<br>", ": ") for node, text in _BOX.findall(diagram[1])}
    imports: dict[str, list[str]] = {}
    for importer, imported in _ARROW.findall(diagram[1]):
        imports.setdefault(importer, []).append(names[imported].partition(":")[0])
    rows = [f"| {names[room]} | {', '.join(them)} |" for room, them in imports.items()]
    return "\n".join(["| room | imports |", "|---|---|", *rows])
