"""The page in a real browser: a person's actions, and events that must never happen."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.people import (
    PAGE,
    Owner,
    act,
    behind_stage,
    call_api,
    fits_in_both_themes,
    generate,
    leave_uncopied,
    no_violations,
    open_generate,
    overflow,
    row,
    send,
    sign_in,
    tab_to,
)
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

# The operation that the reference is tried with.
CREATE = "create_token"


def as_admin(stack: LocalStack, method: str, path: str, body: Any = None) -> Any:
    """Call the management API as the administrator."""
    text = send(stack, method, path, stack.login("admin@example.com"), body)[1]
    return json.loads(text) if text else None


def user_path(stack: LocalStack, subject: str) -> str:
    """Return the path of a user."""
    found = as_admin(stack, "GET", f"/v1/users?q={subject}")
    return f"/v1/users/{found['users'][0]['id']}"


def tab_to_row(page: Page) -> None:
    """Press Tab until a row of the list has the focus."""
    expect(page.locator("[data-row]").first).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-row]')"):
            return
    pytest.fail("Tab never reached a row")


def find_user(admin: Page, person: str) -> Locator:
    """Have an administrator's page show one user. Return the row."""
    admin.get_by_role("link", name="Users", exact=True).click()
    shown = admin.locator("section:not([hidden])")
    shown.get_by_role("searchbox").fill(person)
    # The list from before the search may have one row too.
    user = shown.locator("[data-row]").filter(has_text=person)
    expect(shown.locator("[data-row]")).to_have_count(1)
    expect(user).to_have_count(1)
    return user


def choose(admin: Page, user: Locator, action: str) -> Locator:
    """Choose an action in the menu of a user's row, and return the dialog."""
    user.locator("[data-menu]").click()
    admin.get_by_role("menuitem", name=action).click()
    return admin.get_by_role("dialog")


def test_person_generates_uses_edits_pauses_and_revokes(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """A person walks the specification's journey with a mouse."""
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, stack, person)
    expect(page.get_by_text("Let a script call the API in your name")).to_be_visible()

    token = generate(page, "ci")
    assert token.startswith("bodhi_")
    expect(page.get_by_text("This is the only time it is shown.")).to_be_visible()
    page.get_by_role("button", name="Copy token").click()
    expect(page.get_by_text("Copied").first).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    assert token not in page.content()
    assert call_api(stack, token) == 200
    page.reload()
    expect(row(page, "ci")).to_contain_text(re.compile("just now|second|moment"))

    act(page, "ci", "Edit")
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("nightly")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "nightly")).to_be_visible()

    act(page, "nightly", "Pause")
    expect(row(page, "nightly")).to_contain_text("Paused")
    assert call_api(stack, token) == 401
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "nightly")).to_contain_text("Active")
    assert call_api(stack, token) == 200

    act(page, "nightly", "Revoke…")
    expect(page.get_by_role("dialog")).to_contain_text("nightly")
    page.get_by_role("button", name="Revoke token").click()
    expect(row(page, "nightly")).to_contain_text("Revoked")
    expect(page.locator("#toasts")).to_contain_text("Refused everywhere within 30 seconds.")
    assert call_api(stack, token) == 401


def test_other_people_see_none_of_it(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """A second person's page is empty."""
    first, second = new_page(), new_page()
    sign_in(first, stack, person)
    generate(first, "mine")
    sign_in(second, stack, f"other-{person}")

    expect(second.get_by_text("Let a script call the API in your name")).to_be_visible()
    expect(second.get_by_text("mine", exact=True)).to_have_count(0)


def test_deactivation_while_the_page_is_open_is_told(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """A user who is deactivated meanwhile is told at the next action that the session has ended."""
    complaints.expected = ("401",)
    page = new_page()
    sign_in(page, stack, person)
    generate(page, "ci")
    leave_uncopied(page)
    as_admin(stack, "PATCH", user_path(stack, person), {"status": "inactive"})

    act(page, "ci", "Pause")

    expect(page.get_by_role("heading", name="Sign in again")).to_be_visible()
    no_violations(page)


def test_hostile_name_is_shown_as_text(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """A name that looks like markup is shown as text."""
    name = "<img src=x onerror=alert(1)>"
    page = new_page()
    sign_in(page, stack, person)
    generate(page, name)
    leave_uncopied(page)

    expect(row(page, name)).to_be_visible()
    assert page.locator("main img").count() == 0


def test_list_is_searched_filtered_and_sorted(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Search, filters and column heads change the list and its order."""
    owner, page = Owner(stack, person), new_page()
    for name in ("beta", "alpha", "gamma"):
        owner.post("/v1/tokens", {"name": name})
    sign_in(page, stack, person)
    act(page, "beta", "Pause")
    expect(row(page, "beta")).to_contain_text("Paused")

    page.get_by_role("button", name="1 paused").click()
    expect(page.locator("[data-row]")).to_have_count(1)
    page.get_by_role("button", name="All 3").click()
    expect(page.locator("[data-row]")).to_have_count(3)
    page.get_by_role("columnheader").get_by_role("button", name="Name").click()
    expect(page.locator("[data-row]").first).to_contain_text("alpha")
    page.get_by_role("searchbox").fill("gam")
    expect(page.locator("[data-row]")).to_have_count(1)


def test_everything_works_by_keyboard_alone(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The keyboard alone can generate and revoke. The focus goes to the next step."""
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, stack, person)
    tab_to(page, "Generate New Token")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copy token")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Copied").first).to_be_visible()
    tab_to(page, "Done")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Generate New Token")).to_be_focused()

    tab_to_row(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Revoke…")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    tab_to(page, "Revoke token")
    page.keyboard.press("Enter")
    expect(row(page, "typed")).to_contain_text("Revoked")
    expect(row(page, "typed")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_accessible(new_page: NewPage, stack: LocalStack, person: str, scheme: str) -> None:
    """axe finds no fault in the list, the dialogs, the menu and the token's view, in light and dark."""
    page = new_page(color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, stack, person)
    expect(page.get_by_text("Let a script call the API in your name")).to_be_visible()
    no_violations(page)
    open_generate(page)
    no_violations(page)
    page.get_by_label("Name", exact=True).fill("ci")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#new-token")).to_be_visible()
    no_violations(page)
    leave_uncopied(page)
    expect(row(page, "ci")).to_be_visible()
    no_violations(page)
    row(page, "ci").locator("[data-menu]").click()
    no_violations(page)
    page.keyboard.press("Escape")
    act(page, "ci", "Revoke…")
    no_violations(page)
    page.get_by_role("button", name="Cancel").click()
    row(page, "ci").click()
    expect(page.get_by_role("heading", name="ci", exact=True)).to_be_visible()
    no_violations(page)


def test_reference_is_accessible(new_page: NewPage, stack: LocalStack) -> None:
    """axe finds no fault in the API reference. Its contents lead to the operations."""
    page = new_page(reduced_motion="reduce")
    page.goto(f"{stack.url}/docs")
    fits_in_both_themes(page)
    page.get_by_role("navigation", name="Contents").locator(f"a[href='#{CREATE}']").click()
    expect(page.locator(f"h3[id='{CREATE}']")).to_be_in_viewport()


def test_reference_fits_a_small_phone(new_page: NewPage, stack: LocalStack) -> None:
    """At 360 px only examples need sideways scrolling."""
    page = new_page(viewport={"width": 360, "height": 740})
    page.goto(f"{stack.url}/docs")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("width", [1440, 780, 360])
def test_reference_has_space_on_both_sides(new_page: NewPage, stack: LocalStack, width: int) -> None:
    """The text of the reference never touches the edge of the screen."""
    page = new_page(viewport={"width": width, "height": 740})
    page.goto(f"{stack.url}/docs")
    box = page.get_by_role("main").bounding_box()
    assert box
    assert box["x"] >= 16
    assert box["x"] + box["width"] <= width - 16


def test_page_fits_a_small_phone(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """At 320 px the list and the dialogs need no sideways scrolling."""
    page = new_page(viewport={"width": 320, "height": 640})
    sign_in(page, stack, person)
    expect(page.get_by_text("Let a script call the API in your name")).to_be_visible()
    assert overflow(page) <= 0
    generate(page, "a rather long name of a token whose owner did not think of small phones")
    assert overflow(page) <= 0
    leave_uncopied(page)
    expect(page.locator("[data-row]")).to_have_count(1)
    assert overflow(page) <= 0
    no_violations(page)


def test_administrator_deactivates_and_brings_back_a_user(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """The users view stops a user's tokens, and restores the user and the tokens."""
    token = Owner(stack, person).post("/v1/tokens", {"name": "ci"})["token"]
    admin = new_page(reduced_motion="reduce")
    sign_in(admin, stack, "admin@example.com")
    user = find_user(admin, person)
    no_violations(admin)

    choose(admin, user, "Deactivate…").get_by_role("button", name="Deactivate user").click()
    expect(user).to_contain_text("Deactivated")
    assert call_api(stack, token) == 401

    dialog = choose(admin, user, "Re-activate…")
    dialog.get_by_label("They work again").check()
    dialog.get_by_role("button", name="Re-activate with").click()
    expect(user).not_to_contain_text("Deactivated")
    assert call_api(stack, token) == 200


def test_administrator_revokes_all_tokens_and_removes_a_user(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """In the users view an administrator revokes all tokens of a user, and removes the user."""
    token = Owner(stack, person).post("/v1/tokens", {"name": "of-a-member"})["token"]
    admin = new_page()
    sign_in(admin, stack, "admin@example.com")
    user = find_user(admin, person)

    dialog = choose(admin, user, "Revoke all tokens…")
    dialog.get_by_role("button", name="Revoke all tokens").click()
    expect(dialog).to_have_count(0)
    assert call_api(stack, token) == 401

    dialog = choose(admin, user, "Remove…")
    dialog.get_by_label("to confirm").fill(person)
    dialog.get_by_role("button", name="Remove").click()
    expect(dialog).to_have_count(0)
    expect(user).to_contain_text("Removed")


def test_idle_deadline_is_warned_of_and_an_idle_token_comes_back(new_page: NewPage, person: str) -> None:
    """Seven days or less are a warning. An idle token can be re-activated in the list."""
    with LocalStack({"IDLE_TIMEOUT_SECONDS": str(4 * 24 * 3600)}) as warning:
        page = new_page()
        Owner(warning, person).post("/v1/tokens", {"name": "soon"})
        sign_in(page, warning, person)
        expect(row(page, "soon").locator(".is-warn")).to_contain_text("Idle in 4 days")
        # The page must not call a stack that has stopped.
        page.close()
    with LocalStack({"IDLE_TIMEOUT_SECONDS": "1"}) as short:
        token = Owner(short, person).post("/v1/tokens", {"name": "sleepy"})
        page = new_page()
        page.wait_for_timeout(1_100)
        sign_in(page, short, person)
        expect(row(page, "sleepy")).to_contain_text("Idle")
        assert call_api(short, token["token"]) == 401
        act(page, "sleepy", "Re-activate")
        expect(page.get_by_text("sleepy is active again.").last).to_be_visible()
        page.close()


def test_others_have_no_users_view(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """A person who is not an administrator does not see the users view."""
    page = new_page()
    sign_in(page, stack, person)

    expect(page.get_by_role("link", name="Users")).to_have_count(0)


def test_signing_out_ends_at_a_page_that_says_so(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """After signing out the page is left. A return to it asks to sign in."""
    page = new_page()
    sign_in(page, stack, person)

    page.get_by_role("button", name="Account of").click()
    page.get_by_role("menuitem", name="Sign out").click()

    expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
    page.goto(f"{stack.url}{PAGE}")
    expect(page.locator("input[name=sub]")).to_be_visible()


def test_without_authentication_the_page_says_that_tokens_are_not_available(
    new_page: NewPage,
) -> None:
    """In non-authenticated mode a notice says so, and the page fetches no tokens."""
    with LocalStack({"AUTH_MODE": "none"}) as open_stack:
        page = new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))

        page.goto(f"{open_stack.url}{PAGE}")

        expect(page.get_by_role("heading", name="API Tokens Not Available")).to_be_visible()
        expect(page.get_by_text("You can call the API without a token.")).to_be_visible()
        assert not [url for url in asked if "/v1/" in url]
        no_violations(page)


def test_page_works_under_a_stage(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Behind a stage prefix the page's script calls only paths under that prefix."""
    page = new_page()
    sign_in(page, stack, person)
    staged, asked = behind_stage(page, stack)

    expect(staged.get_by_text("Let a script call the API in your name")).to_be_visible()
    assert [url for url in asked if not url.startswith(f"{stack.url}/dev/")] == []
