"""The page in the system's Firefox: the journeys of a person and of an administrator."""

from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest

from tests.page.people import PAGE, Owner, call_api
from tests.page.scenes import Company
from tests.support.firefox import Tab, firefox
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    """Run one Firefox for this module."""
    with firefox() as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab, stack: LocalStack) -> Iterator[Tab]:
    """Sign out, and fail a test whose page had an error."""
    browser.resize(1280, 900)
    browser.errors.clear()
    yield browser
    assert browser.errors == []
    browser.goto(f"{stack.url}/signed-out")
    browser.evaluate("document.cookie.split(';').length")


def sign_in(tab: Tab, stack: LocalStack, subject: str) -> None:
    """Sign in through the provider's own form, after the session of the last test."""
    tab.goto(f"{stack.url}/login?return_to={PAGE}")
    tab.wait("document.querySelector('input[name=sub]') !== null")
    tab.evaluate("document.querySelector('input[name=sub]').focus()")
    tab.press(*subject, "Enter")
    tab.wait_for_text("My tokens")


def violations(tab: Tab) -> list[str]:
    """Return what axe finds."""
    # The page's CSP forbids scripts from elsewhere, but not those of a debugger.
    tab.evaluate(f"(() => {{ {AXE.read_text()} }})()")
    return list(tab.evaluate("axe.run().then(({ violations }) => violations.map(({ id }) => id))"))


def test_person_generates_uses_and_revokes(tab: Tab, stack: LocalStack, person: str) -> None:
    """From the first token to its revocation, with mouse and keyboard."""
    sign_in(tab, stack, person)
    tab.wait_for_text("Let a script call the API in your name")
    tab.click("button", "Generate New Token")
    tab.wait("document.querySelector('dialog[open] input[name=name]') === document.activeElement")
    tab.press(*"ci", "Enter")
    tab.wait("document.getElementById('new-token') !== null")
    tab.click("button", "Show token")
    token = tab.evaluate("document.getElementById('new-token').value")
    assert call_api(stack, token) == 200
    assert violations(tab) == []
    tab.press("Escape")
    tab.wait_for_text("You have not copied it.")
    tab.click("button", "Close without it")
    tab.wait("document.querySelector('dialog[open]') === null")

    tab.evaluate("document.querySelector('[data-row]').focus()")
    tab.press("ArrowRight")
    tab.wait("document.activeElement.getAttribute('role') === 'menuitem'")
    tab.press("p")
    tab.wait("document.activeElement.textContent === 'Pause'")
    tab.click("menuitem", "Pause")
    tab.wait("document.querySelector('[data-row] [data-state=paused]') !== null")
    assert call_api(stack, token) == 401
    tab.evaluate("document.querySelector('[data-row]').focus()")
    tab.press("ArrowRight")
    tab.wait("document.activeElement.getAttribute('role') === 'menuitem'")
    tab.click("menuitem", "Re-activate")
    tab.wait("document.querySelector('[data-row] [data-state=active]') !== null")
    assert call_api(stack, token) == 200

    tab.evaluate("document.querySelector('[data-row]').focus()")
    tab.press("Enter")
    tab.wait("location.search.includes('token=tok_')")
    tab.wait_for_text("Token id")
    assert violations(tab) == []
    tab.press("Escape")
    tab.wait("!location.search.includes('token=')")
    tab.evaluate("document.querySelector('[data-row]').focus()")
    tab.press("ArrowRight")
    tab.wait("document.activeElement.getAttribute('role') === 'menuitem'")
    tab.click("menuitem", "Revoke…")
    tab.click("button", "Revoke token")
    tab.wait("document.querySelector('[data-row] [data-state=revoked]') !== null")
    assert call_api(stack, token) == 401


@pytest.mark.parametrize("width", [1440, 768, 360])
def test_lists_are_accessible_and_fit(tab: Tab, stack: LocalStack, person: str, width: int) -> None:
    """axe finds nothing in a list of real-looking tokens, and nothing is wider than the screen."""
    Company(stack).fill(person)
    tab.resize(width, 900)
    sign_in(tab, stack, person)
    tab.wait("document.querySelectorAll('[data-row]').length >= 12")
    assert violations(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert len(tab.screenshot()) > 10_000


@pytest.mark.parametrize("view", ["all", "users", "activity"])
def test_console_works_for_an_administrator(tab: Tab, stack: LocalStack, person: str, view: str) -> None:
    """Each view of administrators shows rows, and axe finds nothing."""
    Owner(stack, person).post("/v1/tokens", {"name": "of a member"})
    sign_in(tab, stack, "admin@example.com")
    tab.goto(f"{stack.url}{PAGE}?view={view}")
    tab.wait("document.querySelector('main section:not([hidden]) h1') !== null")
    tab.wait("document.querySelectorAll('main section:not([hidden]) [data-row]').length > 0")
    assert violations(tab) == []
