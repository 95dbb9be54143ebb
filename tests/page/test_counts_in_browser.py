"""The numbers in the dialogs of administrators, in a real browser."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.people import Owner, call_api, no_violations, overflow, send, sign_in
from tests.support.browser import NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

COUNTS = "**/v1/users/*/tokens/summary"


@pytest.fixture
def admin(new_page: NewPage, stack: LocalStack) -> Page:
    """Return a page of an administrator."""
    # Contrast is measured, so no dialog may be half shown.
    page = new_page(reduced_motion="reduce")
    sign_in(page, stack, "admin@example.com")
    page.get_by_role("link", name="Users", exact=True).click()
    return page


def users_in(admin: Page) -> Locator:
    """Return the rows of the shown list."""
    return admin.locator("section:not([hidden]) [data-row]")


def ask(admin: Page, person: str, action: str) -> Locator:
    """Have an administrator open the dialog of an action on a person."""
    admin.get_by_role("searchbox", name="Name or email").fill(person)
    # The list from before the search may have one row too.
    user = users_in(admin).filter(has_text=person)
    expect(users_in(admin)).to_have_count(1)
    expect(user).to_have_count(1)
    user.locator("[data-menu]").click()
    admin.get_by_role("menuitem", name=f"{action}…").click()
    dialog = admin.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def deactivate(stack: LocalStack, owner: Any) -> None:
    """Deactivate a user outside the browser."""
    jwt = stack.login("admin@example.com")
    assert send(stack, "PATCH", f"/v1/users/{owner}", jwt, {"status": "inactive"})[0] == 200


def with_tokens(stack: LocalStack, person: str) -> tuple[list[Any], str]:
    """Give a person two tokens that work, of which one is used, and a paused one. Return the user's id."""
    owner = Owner(stack, person)
    tokens = [owner.post("/v1/tokens", {"name": name}) for name in ("used", "unused", "paused")]
    owner.change(tokens[2], status="inactive")
    assert call_api(stack, tokens[0]["token"]) == 200
    user_id: str = owner.me()["id"]
    return tokens, user_id


@pytest.mark.parametrize(
    ("label", "button", "statuses", "said"),
    [
        ("They work again", "Re-activate with 3 tokens", [200, 200, 401], "active again."),
        (
            "They are revoked now",
            "Re-activate, revoke 3 tokens",
            [401, 401, 401],
            "active again. 3 tokens are revoked.",
        ),
    ],
)
def test_reactivation_asks_what_happens_to_the_tokens(
    admin: Page, stack: LocalStack, person: str, label: str, button: str, statuses: list[int], said: str
) -> None:
    """Nothing is chosen at first. Each choice has its number and its button, and does what it says."""
    tokens, user_id = with_tokens(stack, person)
    deactivate(stack, user_id)
    dialog = ask(admin, person, "Re-activate")
    expect(dialog.get_by_role("radio")).to_have_count(2)
    for radio in dialog.get_by_role("radio").all():
        expect(radio).not_to_be_checked()
    expect(dialog.get_by_role("button", name="Re-activate", exact=True)).to_be_disabled()
    expect(dialog).to_contain_text("What happens to the 3 tokens from before?")
    expect(dialog).to_contain_text("1 was used in the last 30 days.")
    expect(dialog).to_contain_text("2 of 3, at once. 1 paused or idle token stays as it is.")
    expect(dialog).to_contain_text("All 3, for good. What still uses them stays refused.")
    no_violations(admin)

    dialog.get_by_label(label).check()
    no_violations(admin)
    is_dangerous = "danger" in str(dialog.locator("[type=submit]").get_attribute("class"))
    assert is_dangerous == ("revoke" in button)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_have_count(0)
    expect(admin.locator(".toast")).to_contain_text(said)
    assert [call_api(stack, token["token"]) for token in tokens] == statuses


def test_reactivation_without_tokens_asks_nothing(admin: Page, stack: LocalStack, person: str) -> None:
    """One button is enough."""
    deactivate(stack, Owner(stack, person).me()["id"])
    dialog = ask(admin, person, "Re-activate")
    expect(dialog.get_by_role("radio")).to_have_count(0)
    dialog.get_by_role("button", name="Re-activate", exact=True).click()
    expect(admin.locator("[data-status=active]")).to_be_visible()
    # The row whose menu was opened has the focus again.
    expect(users_in(admin)).to_be_focused()


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("Deactivate", r"\. 3 tokens are refused( everywhere within 30 seconds| at once)\. 1 was used"),
        ("Remove", "The account, its 3 tokens, and the networks they were used from"),
        (
            "Revoke all tokens",
            r"3 tokens are revoked for good(, everywhere within 30 seconds)?\. 1 was used in the last 30 "
            r"days\. This cannot be undone\. The user can still sign in and generate new tokens\.",
        ),
    ],
)
def test_dialogs_say_how_many_tokens_end(
    admin: Page, stack: LocalStack, person: str, action: str, sentence: str
) -> None:
    """Each fact is said once. The dialog fits a small phone, and Cancel gives the focus back."""
    with_tokens(stack, person)
    dialog = ask(admin, person, action)
    expect(dialog).to_contain_text(re.compile(sentence))
    words = dialog.inner_text()
    assert max(words.count(each) for each in ("refused", "everywhere", "okens are", "for good")) <= 1
    no_violations(admin)
    admin.set_viewport_size({"width": 360, "height": 740})
    assert overflow(admin) <= 0
    dialog.get_by_role("button", name="Cancel").click()
    expect(users_in(admin).locator("[data-menu]")).to_be_focused()


def test_revocation_of_all_tokens_says_how_many(admin: Page, stack: LocalStack, person: str) -> None:
    """The numbers are read when the dialog opens, so a token created meanwhile counts."""
    tokens, _ = with_tokens(stack, person)
    admin.get_by_role("searchbox", name="Name or email").fill(person)
    expect(users_in(admin)).to_have_count(1)
    Owner(stack, person).post("/v1/tokens", {})
    dialog = ask(admin, person, "Revoke all tokens")
    expect(dialog).to_contain_text("4 tokens are revoked for good")
    dialog.get_by_role("button", name="Revoke all tokens").click()
    expect(admin.locator(".toast")).to_contain_text(f"All tokens of {person} are revoked.")
    expect(users_in(admin)).to_contain_text("0 tokens of 100")
    assert {call_api(stack, token["token"]) for token in tokens} == {401}


def reply_with(**members: Any) -> Callable[[Any], None]:
    """Return a server that counts so many tokens."""
    counts = {"working": 0, "not_ended": 0, "used_in_30_days": 0, "is_complete": True, **members}
    return lambda route: route.fulfill(json=counts)


def test_large_numbers_are_said_as_such(admin: Page, stack: LocalStack, person: str) -> None:
    """Above 1,000 the dialog does not pretend to know."""
    deactivate(stack, Owner(stack, person).me()["id"])
    admin.route(COUNTS, reply_with(working=1_001, not_ended=4_000, used_in_30_days=1_000))
    dialog = ask(admin, person, "Re-activate")
    expect(dialog).to_contain_text("What happens to the more than 1,000 tokens from before?")
    expect(dialog).to_contain_text("More than 1,000, for good.")
    expect(dialog).to_contain_text("1,000 were used in the last 30 days.")
    dialog.get_by_label("They are revoked now").check()
    expect(dialog.get_by_role("button", name="Re-activate, revoke more than 1,000 tokens")).to_be_enabled()


def test_user_can_be_deactivated_if_the_tokens_cannot_be_counted(
    admin: Page, stack: LocalStack, person: str
) -> None:
    """A number must not stand in the way of a deactivation."""
    with_tokens(stack, person)
    admin.route(COUNTS, reply_with(is_complete=False))
    dialog = ask(admin, person, "Deactivate")
    expect(dialog).to_contain_text(re.compile("All tokens of the user are refused( at once| everywhere)"))
    dialog.get_by_role("button", name="Deactivate user").click()
    expect(admin.locator("[data-status=inactive]")).to_be_visible()
