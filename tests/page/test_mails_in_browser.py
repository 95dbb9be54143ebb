"""The choice about mails on the page, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.page.people import no_violations, sign_in
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]


def test_person_turns_mails_off(new_page: NewPage, stack: LocalStack) -> None:
    """The choice is saved at once, said to screen readers, and shown after a reload."""
    page = new_page()
    sign_in(page, stack, "user@example.com")
    box = page.get_by_role("checkbox", name=re.compile("^Mail me before"))
    for wanted, said in ((False, "Mails are off."), (True, "Mails are on."), (False, "Mails are off.")):
        box.set_checked(wanted)
        expect(page.locator("#announcer")).to_have_text(said)
        expect(box).to_be_enabled()
    page.reload()
    expect(box).to_be_visible()
    expect(box).not_to_be_checked()
    no_violations(page)


def test_choice_that_is_not_saved_is_taken_back(
    new_page: NewPage, stack: LocalStack, complaints: Complaints
) -> None:
    """The box shows what the server has, and the error says why."""
    complaints.expected = ("ERR_FAILED",)
    page = new_page()
    sign_in(page, stack, "admin@example.com")
    box = page.get_by_role("checkbox", name=re.compile("^Mail me before"))
    expect(box).to_be_checked()
    page.route("**/v1/me", lambda route: route.abort())
    box.click()
    expect(page.get_by_role("alert")).to_contain_text("could not be reached")
    expect(box).to_be_checked()
