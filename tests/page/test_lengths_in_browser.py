"""Lengths at the page in a real browser: characters that are two UTF-16 units."""

import pytest
from playwright.sync_api import expect

from tests.page.people import (
    act,
    generate,
    leave_uncopied,
    no_violations,
    open_generate,
    overflow,
    row,
    sign_in,
)
from tests.page.test_generate_in_browser import bodies
from tests.support.browser import NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

KEY = "\U0001f511"
ONE_TOO_MANY = "1 character too many. At most {longest} are allowed."


@pytest.mark.parametrize(("field", "longest"), [("Name", 100), ("Description optional", 500)])
def test_text_of_a_new_token_is_counted_in_characters(
    new_page: NewPage, stack: LocalStack, person: str, field: str, longest: int
) -> None:
    """The longest text of emoji is created. One more character is refused before it is sent."""
    page = new_page(viewport={"width": 360, "height": 740})
    sign_in(page, stack, person)
    sent = bodies(page, "POST")
    dialog = open_generate(page)
    text = dialog.get_by_label(field, exact=True)

    text.fill(KEY * (longest + 1))
    expect(dialog.get_by_text(ONE_TOO_MANY.format(longest=longest))).to_be_visible()
    expect(text).to_have_attribute("aria-invalid", "true")
    no_violations(page)
    assert overflow(page) <= 0
    dialog.get_by_role("button", name="Generate", exact=True).click()
    expect(text).to_be_focused()
    assert sent == []

    text.fill(f"  {KEY * (longest - 1)}  ")
    expect(dialog.get_by_text("1 character left.")).to_be_visible()
    expect(text).not_to_have_attribute("aria-invalid", "true")
    text.fill(KEY * longest)
    expect(dialog.get_by_text("0 characters left.")).to_be_visible()
    dialog.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#new-token")).to_be_visible()
    leave_uncopied(page)
    expect(row(page, KEY * longest)).to_be_visible()


def test_edit_counts_in_characters(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The dialog that edits a token has the same limit."""
    page = new_page()
    sign_in(page, stack, person)
    generate(page, KEY * 100)
    leave_uncopied(page)
    sent = bodies(page, "PATCH")
    act(page, KEY * 100, "Edit")
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Name", exact=True)
    expect(dialog.get_by_text("0 characters left.")).to_be_visible()

    name.fill("\u00e9" * 101)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text(ONE_TOO_MANY.format(longest=100))).to_be_visible()
    expect(name).to_be_focused()
    assert sent == []

    name.fill("\u00e9" * 100)
    dialog.get_by_role("button", name="Save").click()
    expect(row(page, "\u00e9" * 100)).to_be_visible()
    assert sent == [{"name": "\u00e9" * 100}]
