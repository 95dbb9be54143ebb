"""A real browser for tests of the page.

A plugin of the whole suite: one process can run one browser driver, so its fixture must exist once.
"""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

# The first one is Chromium without its own window, which takes 0.6 of the time.
_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
# Busy machines are slow; a test that waits in vain fails all the same.
_PATIENCE_MILLISECONDS = 30_000
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No page reaches another machine. A route of Playwright would do it too. But it turns the cache off and
    # takes every file of a page through this process, which doubles the time of a load.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.localhost",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the machine's own Chromium; without one the browser tests are left out, but not in CI."""
    executable = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if executable is None:
        reason = "no Chromium here: install it (Debian: apt-get install chromium-headless-shell)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=_PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_FLAGS))
        yield browser
        browser.close()


class Complaints:
    """Complaints of the browser about the pages: script errors, console errors, refused loads."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.expected: tuple[str, ...] = ()

    def listen(self, page: Page) -> None:
        """Note every complaint of a page."""
        page.on("pageerror", lambda error: self.heard.append(f"script: {error}"))
        page.on("console", self._note)

    def unexpected(self) -> list[str]:
        """Return the complaints that the test did not provoke on purpose."""
        return [c for c in self.heard if not any(expected in c for expected in self.expected)]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.heard.append(message.text)


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Fail a test whose page had a script error, a console error or a refused load."""
    complaints = Complaints()
    yield complaints
    assert complaints.unexpected() == []


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(chromium: Browser, complaints: Complaints) -> Iterator[NewPage]:
    """Open pages, each in a browser profile of its own."""
    contexts: list[BrowserContext] = []

    def open_page(**options: object) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(_PATIENCE_MILLISECONDS)
        page = context.new_page()
        complaints.listen(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
