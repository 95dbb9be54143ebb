"""Limits at the page in a real browser: characters that are two UTF-16 units, and lifetimes."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.page.people import generate, no_violations, overflow, row, sign_in
from tests.support.browser import NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

KEY = "\U0001f511"
ONE_TOO_MANY = "1 character too many. At most {longest} are allowed."


def requests_of(page: Page, method: str) -> list[Any]:
    """Return a list to which the bodies of the page's requests are added."""
    sent: list[Any] = []
    page.on(
        "request",
        lambda request: sent.append(request.post_data_json) if request.method == method else None,
    )
    return sent


@pytest.mark.parametrize(("field", "longest"), [("Name (optional)", 100), ("Description (optional)", 500)])
def test_text_of_a_new_token_is_counted_in_characters(
    new_page: NewPage, stack: LocalStack, person: str, field: str, longest: int
) -> None:
    """The longest text of emoji is created. One more character is refused before it is sent."""
    page = new_page(viewport={"width": 360, "height": 740})
    sign_in(page, stack, person)
    sent = requests_of(page, "POST")
    page.get_by_role("button", name="Generate New Token").first.click()
    dialog = page.get_by_role("dialog")
    text = dialog.get_by_label(field)

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
    page.get_by_role("button", name="Done").click()
    expect(row(page, KEY * longest)).to_be_visible()


def test_edit_counts_in_characters(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The dialog that edits a token has the same limit."""
    page = new_page()
    sign_in(page, stack, person)
    generate(page, KEY * 100)
    page.get_by_role("button", name="Done").click()
    sent = requests_of(page, "PATCH")
    page.get_by_role("button", name=f"Edit {KEY * 100}").click()
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Name (optional)")
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


def test_search_counts_in_characters(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """A search of a hundred emoji finds the token. A longer one is not sent."""
    page = new_page()
    page.clock.install()
    sign_in(page, stack, person)
    generate(page, KEY * 100)
    page.get_by_role("button", name="Done").click()
    generate(page, "other")
    page.get_by_role("button", name="Done").click()
    search = page.get_by_label("Search by name")

    search.fill(f"\u3000{KEY * 100}\u0085")
    expect(page.locator("tr[data-token-id]")).to_have_count(1)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    search.fill(KEY * 101)
    expect(page.get_by_text(ONE_TOO_MANY.format(longest=100))).to_be_visible()
    page.clock.fast_forward(1_000)
    assert asked == []
    no_violations(page)
    search.fill("")
    expect(page.locator("tr[data-token-id]")).to_have_count(2)


def test_longest_lifetime_limits_the_choices(new_page: NewPage, person: str) -> None:
    """With MAX_TOKEN_LIFETIME_DAYS the page offers no longer lifetime, and "never" is gone."""
    with LocalStack({"MAX_TOKEN_LIFETIME_DAYS": "45"}) as limited:
        page = new_page()
        sign_in(page, limited, person)
        page.get_by_role("button", name="Generate New Token").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("Expires").locator("option")).to_have_text(
            ["In 45 days, the longest lifetime", "In 7 days", "In 30 days", "In a number of days…"]
        )
        expect(dialog.get_by_text(re.compile("^The token will expire on "))).to_be_visible()
        dialog.get_by_label("Expires").select_option("custom")
        dialog.get_by_label("Number of days").fill("46")
        dialog.get_by_role("button", name="Generate", exact=True).click()
        expect(dialog.get_by_text("Enter a whole number of days from 1 to 45.")).to_be_visible()
        dialog.get_by_label("Number of days").fill("45")
        dialog.get_by_role("button", name="Generate", exact=True).click()
        expect(page.get_by_text(re.compile("This token expires on "))).to_be_visible()
        page.get_by_role("button", name="Done").click()
        expect(page.locator("tr[data-token-id]")).to_have_count(1)
        # The page must not call a stack that has stopped.
        page.close()
