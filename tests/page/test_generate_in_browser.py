"""Generating a token at the page in a real browser: the form, its limits, and the token shown once."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.page.people import (
    PAGE,
    Owner,
    call_api,
    fits_in_both_themes,
    generate,
    leave_uncopied,
    no_violations,
    open_generate,
    places,
    row,
    shown_token,
    sign_in,
)
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

NOT_COPIED = "You have not copied it."


def bodies(page: Page, method: str) -> list[Any]:
    """Return a list to which the bodies of the page's requests are added."""
    sent: list[Any] = []
    page.on(
        "request",
        lambda request: sent.append(request.post_data_json) if request.method == method else None,
    )
    return sent


def test_least_privilege_comes_first(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Only the lowest scope is ticked, and no expiry is chosen. What a scope includes is said."""
    page = new_page()
    sign_in(page, stack, person)
    sent = bodies(page, "POST")

    dialog = open_generate(page)

    expect(dialog.get_by_role("checkbox", checked=True)).to_have_count(1)
    expect(dialog.locator("input[value='api:read']")).to_be_checked()
    expect(dialog.get_by_text("Includes Read.")).to_be_visible()
    expect(dialog.get_by_role("radio", name="No expiry")).to_be_checked()
    expect(dialog.get_by_text("Unused for 30 days, it goes idle.")).to_be_visible()
    expect(dialog.get_by_text("You have 0 of 100 tokens.")).to_be_visible()
    expect(dialog.get_by_text("Read only, from anywhere, without expiry")).to_be_visible()
    dialog.get_by_role("button", name="Generate", exact=True).click()
    assert call_api(stack, shown_token(page)) == 200
    assert sent == [{"name": "", "description": "", "scopes": ["api:read"], "allowed_networks": []}]


def test_own_number_of_days_says_its_limits_once(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The help of "Custom" has the limits. A wrong number turns it into the error, with space above it."""
    page = new_page()
    sign_in(page, stack, person)
    dialog = open_generate(page)
    limits = dialog.get_by_text("From 1 to 3,650 days.").filter(visible=True)
    dialog.get_by_text("Custom").click()
    expect(limits).to_have_count(1)
    expect(limits).not_to_have_class(re.compile("error"))
    dialog.get_by_role("button", name="Generate", exact=True).click()
    expect(limits).to_have_count(1)
    expect(limits).to_have_class(re.compile("error"))
    field = dialog.get_by_label("Number of days")
    expect(field).to_be_focused()
    above, below = places(dialog.locator(".segments"), field)
    assert below["y"] - above["y"] - above["height"] == 6
    field.fill("5")
    expect(limits).to_have_count(0)
    expect(dialog.get_by_text("Until ", exact=False).first).to_be_visible()


def test_longest_lifetime_limits_the_choices(new_page: NewPage, person: str) -> None:
    """With MAX_TOKEN_LIFETIME_DAYS the page offers no longer lifetime, and "No expiry" is gone."""
    with LocalStack({"MAX_TOKEN_LIFETIME_DAYS": "45"}) as limited:
        page = new_page()
        sign_in(page, limited, person)
        dialog = open_generate(page)
        expect(dialog.locator(".segments label")).to_have_text(["7 days", "30 days", "45 days", "Custom"])
        expect(dialog.get_by_role("radio", name="45 days")).to_be_checked()
        expect(dialog.get_by_text("45 days is the longest here.")).to_be_visible()
        dialog.get_by_text("Custom").click()
        expect(dialog.get_by_label("Number of days")).to_be_focused()
        dialog.get_by_label("Number of days").fill("46")
        dialog.get_by_role("button", name="Generate", exact=True).click()
        expect(dialog.get_by_text("From 1 to 45 days.")).to_be_visible()
        expect(dialog.get_by_label("Number of days")).to_be_focused()
        dialog.get_by_label("Number of days").fill("45")
        expect(dialog.get_by_text("From 1 to 45 days.")).to_be_hidden()
        dialog.get_by_role("button", name="Generate", exact=True).click()
        expect(page.get_by_text(re.compile("^Read only, from anywhere, until "))).to_be_visible()
        leave_uncopied(page)
        expect(page.locator("[data-row]")).to_have_count(1)
        # The page must not call a stack that has stopped.
        page.close()


def test_longer_lifetimes_preselect_ninety_days(new_page: NewPage, person: str) -> None:
    """If the longest lifetime is longer than 90 days, 90 days are chosen."""
    with LocalStack({"MAX_TOKEN_LIFETIME_DAYS": "200"}) as limited:
        page = new_page()
        sign_in(page, limited, person)
        dialog = open_generate(page)
        expect(dialog.get_by_role("radio", name="90 days")).to_be_checked()
        page.close()


def test_networks_are_checked_and_corrected(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Host bits are told with the right network, and one click corrects them. The server gets the list."""
    page = new_page()
    sign_in(page, stack, person)
    sent = bodies(page, "POST")
    dialog = open_generate(page)
    dialog.get_by_label("Only from these networks").check()
    box = dialog.get_by_label("Add a network")

    dialog.get_by_role("button", name="Generate", exact=True).click()
    expect(dialog.get_by_text("Add a network, or choose “Anywhere”.")).to_be_visible()
    expect(box).to_be_focused()
    box.fill("203.0.113.0/24, 10.40.6.7/24 ")
    expect(dialog.get_by_text("10.40.6.7/24 is not the start of a network.")).to_be_visible()
    no_violations(page)
    dialog.get_by_role("button", name="10.40.6.0/24", exact=True).click()
    dialog.get_by_role("button", name="Add it").click()
    expect(dialog.get_by_text("Read only, from 3 networks, without expiry")).to_be_visible()
    dialog.get_by_role("button", name="Remove 203.0.113.0/24").click()
    box.fill("2001:DB8:41:0::/48")
    dialog.get_by_role("button", name="Generate", exact=True).click()

    expect(page.locator("#new-token")).to_be_visible()
    assert sent[0]["allowed_networks"] == ["10.40.6.0/24", "127.0.0.1", "2001:db8:41::/48"]


def test_anywhere_forgets_the_list(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """A person who goes back to "Anywhere" sends no networks, also with wrong ones in the list."""
    page = new_page()
    sign_in(page, stack, person)
    sent = bodies(page, "POST")
    dialog = open_generate(page)
    dialog.get_by_label("Only from these networks").check()
    dialog.get_by_label("Add a network").fill("nonsense ")
    expect(dialog.get_by_text("nonsense is not a network or an address.")).to_be_visible()

    dialog.get_by_label("Anywhere").check()
    dialog.get_by_role("button", name="Generate", exact=True).click()

    expect(page.locator("#new-token")).to_be_visible()
    assert sent[0]["allowed_networks"] == []


def test_double_click_on_generate_makes_one_token(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """Two clicks on Generate create one token."""
    page = new_page()
    sign_in(page, stack, person)
    button = open_generate(page).get_by_role("button", name="Generate", exact=True)
    button.evaluate("button => { button.click(); button.click(); }")
    expect(page.locator("#new-token")).to_be_visible()
    leave_uncopied(page)

    expect(page.locator("[data-row]")).to_have_count(1)


def test_failed_generate_loses_nothing_and_is_retried_as_the_same_request(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """A 503 is shown in the server's words. The form stays, and the retry has the same Idempotency-Key."""
    complaints.expected = ("503",)
    page = new_page()
    sign_in(page, stack, person)
    keys: list[str | None] = []

    def fail_once(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) > 1:
            route.continue_()
            return
        problem = {"code": "unavailable", "detail": "Tokens cannot be signed right now."}
        route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(problem))

    page.route("**/v1/tokens", fail_once)
    dialog = open_generate(page)
    dialog.get_by_label("Name", exact=True).fill("kept")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.get_by_text("Tokens cannot be signed right now.")).to_be_visible()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("kept")

    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#new-token")).to_be_visible()

    assert keys[0] == keys[1] is not None


def test_full_quota_is_said_before_the_form_is_filled(new_page: NewPage, person: str) -> None:
    """A person without a free place sees how many tokens were not used, and is led to them."""
    with LocalStack({"MAX_TOKENS_PER_USER": "2"}) as small:
        owner, page = Owner(small, person), new_page()
        for name in ("one", "two"):
            owner.post("/v1/tokens", {"name": name})
        sign_in(page, small, person)

        page.get_by_role("button", name="Generate New Token").click()

        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading", name="You have 2 of 2 tokens")).to_be_visible()
        expect(dialog).to_contain_text("2 of yours were not used for 30 days.")
        no_violations(page)
        dialog.get_by_role("button", name="Show the 2").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert "show=unused" in page.url
        page.close()


def test_every_way_out_is_guarded_until_the_token_was_copied(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """Done, Esc twice, Back and a reload ask first. After a copy none of them does."""
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, stack, person)
    page.goto(f"{stack.url}{PAGE}?sort=name")
    token = generate(page, "ci")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    expect(page.get_by_text("Not copied yet")).to_be_visible()
    for leave in (
        lambda: page.get_by_role("button", name="Done").click(),
        lambda: page.keyboard.press("Escape"),
        lambda: page.keyboard.press("Escape"),
        lambda: page.evaluate("history.back()"),
        lambda: page.evaluate("history.back()"),
    ):
        leave()
        expect(page.get_by_text(NOT_COPIED)).to_be_visible()
        expect(page.get_by_role("button", name="Copy token and close")).to_be_focused()
        assert page.url.endswith("?sort=name")
    page.once("dialog", stay)
    page.evaluate("location.reload()")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    no_violations(page)

    page.get_by_role("button", name="Copy the example").click()
    expect(page.get_by_text("Copied", exact=True).first).to_be_visible()
    assert token in page.evaluate("navigator.clipboard.readText()")
    expect(page.get_by_text(NOT_COPIED)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert token not in page.content()
    page.reload()
    expect(row(page, "ci")).to_be_visible()
    assert asked == ["beforeunload"]


def test_copy_and_close_is_one_step(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The question before leaving offers to copy and close at once. Back then leaves the page as it was."""
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, stack, person)
    token = generate(page, "ci")
    page.get_by_role("button", name="Done").click()

    page.get_by_role("button", name="Copy token and close").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("navigator.clipboard.readText()") == token
    expect(page.get_by_role("button", name="Generate New Token")).to_be_focused()


def test_refused_clipboard_selects_the_token(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """If the browser does not let the page copy, the token is shown and selected. A copy by hand counts."""
    page = new_page()
    sign_in(page, stack, person)
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    token = generate(page, "ci")

    page.get_by_role("button", name="Copy token").click()

    expect(page.get_by_text(re.compile("The token is selected: press "))).to_be_visible()
    assert page.evaluate("document.activeElement.value") == token
    page.keyboard.press("ControlOrMeta+c")
    expect(page.get_by_text("Copied", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_examples_are_in_three_languages(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The arrows choose a language. No example shows the token until it is shown itself."""
    page = new_page()
    sign_in(page, stack, person)
    token = generate(page, "ci")
    example = page.get_by_role("tabpanel")
    expect(example).to_contain_text("curl")
    page.get_by_role("tab", name="curl").focus()
    for words in ("urllib.request", "await fetch"):
        page.keyboard.press("ArrowRight")
        expect(example).to_contain_text(words)
        assert token not in (example.text_content() or "")
    page.get_by_role("button", name="Show token").click()
    expect(example).to_contain_text(token)


def test_response_that_comes_after_the_form_was_closed_is_shown(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """A person who closes the form too early still sees the token, which exists."""
    page = new_page()
    sign_in(page, stack, person)
    held: list[Route] = []
    page.route(
        "**/v1/tokens",
        lambda route: held.append(route) if route.request.method == "POST" else route.continue_(),
    )
    dialog = open_generate(page)
    dialog.get_by_role("button", name="Generate", exact=True).click()
    expect(dialog.get_by_role("button", name="Generating…")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    held[0].continue_()

    assert call_api(stack, shown_token(page)) == 200


@pytest.mark.parametrize("width", [1440, 390, 320])
def test_dialogs_are_accessible_and_fit(
    new_page: NewPage, stack: LocalStack, person: str, width: int
) -> None:
    """axe finds nothing in the form and in the shown token. The buttons are in view, and all fits."""
    page = new_page(reduced_motion="reduce", viewport={"width": width, "height": 640})
    sign_in(page, stack, person)
    dialog = open_generate(page)
    dialog.get_by_label("Only from these networks").check()
    expect(dialog.get_by_role("button", name="Generate", exact=True)).to_be_in_viewport()
    fits_in_both_themes(page)
    dialog.get_by_label("Anywhere").check()
    dialog.get_by_label("Name", exact=True).fill("W" * 100)
    dialog.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#new-token")).to_be_visible()
    expect(page.get_by_role("button", name="Done")).to_be_in_viewport()
    fits_in_both_themes(page)
    page.get_by_role("button", name="Done").click()
    fits_in_both_themes(page)
