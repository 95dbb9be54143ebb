"""The site of docs: whole, without another host, and strict about links."""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from chalicelib.handlers.http.operations import documented
from infra import site
from infra.aws.errors import CommandError
from tests.support.browser import NewPage

pytestmark = pytest.mark.slow

ATTRIBUTES = re.compile(r"<(?:script|img|iframe|link|source)\b[^>]*?\b(?:src|href)=\"([^\"]*)\"")
LINKS = re.compile(r"<a\b[^>]*?\bhref=\"([^\"]*)\"")
ADDRESS = re.compile(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")]+)")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site. Without MkDocs these tests are left out, but not in CI."""
    if not site.MKDOCS.exists():
        reason = "no MkDocs here: make docs"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    into = tmp_path_factory.mktemp("site")
    site.run(argparse.Namespace(serve=False, into=into))
    return into


@pytest.fixture(scope="module")
def address(built: Path) -> Iterator[str]:
    """Serve the site on a free port."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Print nothing."""

    handler = functools.partial(Quiet, directory=str(built))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_every_page_of_docs_is_in_it(built: Path) -> None:
    """Also the files that pages link to, and each call of the API."""
    for page in (site.ROOT / "docs").rglob("*.md"):
        place = page.relative_to(site.ROOT / "docs")
        name = "index.html" if place.name == "README.md" else f"{place.stem}.html"
        assert (built / place.parent / name).exists(), place
    assert (built / "source" / "CHANGELOG.html").exists()
    assert (built / "source" / "infra" / "aws" / "operate" / "policy-operators.json").exists()
    calls = (built / "calls.html").read_text(encoding="utf-8")
    missing = [each.name for each in documented() if f'id="{each.name}"' not in calls]
    assert missing == []


def test_lists_keep_their_items(built: Path) -> None:
    """Pages are written for GitHub. Python-Markdown would take some items and code blocks for text."""
    for page in (site.ROOT / "docs").glob("*.md"):
        text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
        items = re.findall(r"^ *(?:-|\d{1,2}\.) ", text, re.MULTILINE)
        shown = (built / f"{page.stem}.html").read_text(encoding="utf-8")
        article = shown.partition("<article")[2].partition("</article>")[0]
        assert (article.count("<li"), "```" in article) == (len(items), False), page.name


def test_no_file_loads_from_another_host(built: Path) -> None:
    """Scripts, styles, fonts and pictures are files of the site."""
    pages = list(built.rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        loaded = ATTRIBUTES.findall(page.read_text(encoding="utf-8"))
        assert [each for each in loaded if re.match("(https?:)?//", each)] == [], page.name
    for style in built.rglob("*.css"):
        assert ADDRESS.findall(style.read_text(encoding="utf-8")) == [], style.name


def test_browser_asks_no_other_host_and_finds_pages(address: str, new_page: NewPage) -> None:
    """A request for another host would be a complaint of the browser. The search is local."""
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in ("index", "architecture", "refused", "calls", "decisions/index"):
        page.goto(f"{address}/{name}.html")
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.goto(f"{address}/index.html")
    page.get_by_role("textbox", name="Search").fill("insufficient_scope")
    expect(page.get_by_role("link", name=re.compile("A call was refused")).first).to_be_visible()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_links_lead_to_files_of_the_site(built: Path) -> None:
    """MkDocs does not look at links in markup, and lets links to folders pass."""
    for page in built.rglob("*.html"):
        # The page for wrong addresses is shown at any address.
        links = LINKS.findall(page.read_text(encoding="utf-8")) if page.name != "404.html" else []
        targets = {link.partition("#")[0] for link in links if not re.match(r"[a-z]+:|//", link)} - {""}
        assert [each for each in targets if not (page.parent / each).is_file()] == [], page.name


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[gone](gone.md)", "gone.md"),
        ("[no anchor](index.md#gone)", "gone"),
        ("![no picture](gone.png)", "gone.png"),
    ],
)
@pytest.mark.usefixtures("built")
def test_broken_links_end_the_build(tmp_path: Path, text: str, fault: str) -> None:
    """By the settings of the site, not by chance."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Home\n\n{text}\n")
    lines = [f"INHERIT: {site.ROOT / 'mkdocs.yml'}", "docs_dir: docs", "nav: [index.md]", "hooks: []"]
    (tmp_path / "mkdocs.yml").write_text("\n".join(lines))
    done = subprocess.run(
        [site.MKDOCS, "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert fault in done.stderr


def test_missing_mkdocs_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the command that installs it."""
    monkeypatch.setattr(site, "MKDOCS", tmp_path / "mkdocs")
    with pytest.raises(CommandError, match="make docs"):
        site.run(argparse.Namespace(serve=False, into=tmp_path))
