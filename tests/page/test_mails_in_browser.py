"""The choice about mails on the page, in a real browser."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.people import no_violations, sign_in
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]


def mails(page: Page) -> Locator:
    """Open the account's menu and return its choice about mails."""
    page.get_by_role("button", name=re.compile("^Account of ")).click()
    return page.get_by_role("menuitemcheckbox", name="Mail me about my tokens")


def test_person_turns_mails_off(new_page: NewPage, stack: LocalStack) -> None:
    """The choice is saved at once, said to screen readers, and shown after a reload."""
    # While a menu appears, its text is paler.
    page = new_page(reduced_motion="reduce")
    sign_in(page, stack, "user@example.com")
    for was, said in ((True, "You get no mails"), (False, "Mails go to"), (True, "You get no mails")):
        choice = mails(page)
        expect(choice).to_have_attribute("aria-checked", str(was).lower())
        no_violations(page)
        choice.click()
        expect(page.locator("#announcer")).to_contain_text(said)
    page.reload()
    expect(mails(page)).to_have_attribute("aria-checked", "false")


def test_choice_that_is_not_saved_is_taken_back(
    new_page: NewPage, stack: LocalStack, complaints: Complaints
) -> None:
    """The menu shows what the server has. The error says why, and offers another try."""
    complaints.expected = ("ERR_FAILED",)
    page = new_page()
    sign_in(page, stack, "admin@example.com")
    page.route("**/v1/me", lambda route: route.abort(), times=1)
    mails(page).click()
    expect(page.get_by_role("alert")).to_contain_text("could not be reached")
    expect(mails(page)).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Escape")

    page.get_by_role("alert").get_by_role("button", name="Try again").click()

    expect(page.locator("#announcer")).to_contain_text("You get no mails")
