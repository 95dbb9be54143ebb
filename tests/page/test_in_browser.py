"""The page in a real browser: a person's actions, and events that must never happen."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from infra.local.template import PROJECT_ROOT
from tests.page.people import (
    PAGE,
    behind_stage,
    call_api,
    generate,
    no_violations,
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
SCREENSHOT = PROJECT_ROOT / "docs" / "images" / "api-tokens.png"


def as_admin(stack: LocalStack, method: str, path: str, body: Any = None) -> Any:
    """Call the management API as the administrator."""
    text = send(stack, method, path, stack.login("admin@example.com"), body)[1]
    return json.loads(text) if text else None


def user_path(stack: LocalStack, subject: str) -> str:
    """Return the path of a user."""
    found = as_admin(stack, "GET", f"/v1/users?q={subject}")
    return f"/v1/users/{found['users'][0]['id']}"


def find_user(admin: Page, person: str) -> None:
    """Have an administrator's page show one user."""
    admin.get_by_role("link", name="Users", exact=True).click()
    admin.get_by_label("Search users").fill(person)
    expect(admin.locator("tr[data-user-id]")).to_have_count(1)


def test_person_generates_uses_edits_pauses_and_revokes(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """A person walks the specification's journey with a mouse."""
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, stack, person)
    expect(page.get_by_text("No API tokens yet")).to_be_visible()

    token = generate(page, "ci")
    assert token.startswith("bodhi_")
    expect(page.get_by_text("Copy your API token now. You won't be able to see it again.")).to_be_visible()
    expect(page.locator("#new-token")).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show token").click()
    expect(page.locator("#new-token")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Copy token").click()
    expect(page.get_by_text("Copied").first).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
    expect(page.locator("[data-curl]")).to_contain_text("/api/whoami")
    page.get_by_role("button", name="Done").click()

    assert token not in page.content()
    assert call_api(stack, token) == 200
    page.reload()
    expect(row(page, "ci")).to_contain_text(re.compile("just now|second|moment"))

    page.get_by_role("button", name="Edit ci").click()
    page.get_by_role("dialog").get_by_label("Name (optional)").fill("nightly")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "nightly")).to_be_visible()

    page.get_by_role("button", name="Pause nightly").click()
    expect(row(page, "nightly").locator("[data-status=inactive]")).to_be_visible()
    assert call_api(stack, token) == 401
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "nightly").locator("[data-status=active]")).to_be_visible()
    assert call_api(stack, token) == 200

    page.get_by_role("button", name="Revoke nightly").click()
    expect(page.get_by_role("dialog")).to_contain_text("nightly")
    page.get_by_role("button", name="Revoke token").click()
    expect(row(page, "nightly").locator("[data-status=revoked]")).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("It takes effect everywhere within 30 s.")
    assert call_api(stack, token) == 401


def test_other_people_see_none_of_it(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """A second person's page is empty."""
    first, second = new_page(), new_page()
    sign_in(first, stack, person)
    generate(first, "mine")
    sign_in(second, stack, f"other-{person}")

    expect(second.get_by_text("No API tokens yet")).to_be_visible()
    expect(second.get_by_text("mine", exact=True)).to_have_count(0)


def test_double_click_on_generate_makes_one_token(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """Two clicks on Generate create one token."""
    page = new_page()
    sign_in(page, stack, person)
    page.get_by_role("button", name="Generate New Token").first.click()
    page.get_by_role("button", name="Generate", exact=True).dblclick()
    expect(page.locator("#new-token")).to_be_visible()
    page.get_by_role("button", name="Done").click()

    expect(page.locator("tr[data-token-id]")).to_have_count(1)


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
    page.get_by_role("button", name="Generate New Token").first.click()
    page.get_by_label("Name (optional)").fill("kept")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.get_by_text("Tokens cannot be signed right now.")).to_be_visible()
    expect(page.get_by_label("Name (optional)")).to_have_value("kept")

    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#new-token")).to_be_visible()

    assert keys[0] == keys[1] is not None


def test_deactivation_while_the_page_is_open_is_told(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """A user who is deactivated meanwhile is told at the next action that the session has ended."""
    complaints.expected = ("401",)
    page = new_page()
    sign_in(page, stack, person)
    generate(page, "ci")
    page.get_by_role("button", name="Done").click()
    as_admin(stack, "PATCH", user_path(stack, person), {"status": "inactive"})

    page.get_by_role("button", name="Pause ci").click()

    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    no_violations(page)


def test_hostile_name_is_shown_as_text(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """A name that looks like markup is shown as text."""
    name = "<img src=x onerror=alert(1)>"
    page = new_page()
    sign_in(page, stack, person)
    generate(page, name)
    page.get_by_role("button", name="Done").click()

    expect(row(page, name)).to_be_visible()
    assert page.locator("main img").count() == 0


def test_usage_of_a_token_is_charted(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The days of use are a chart with its numbers as text. They are lower bounds."""
    page = new_page()
    sign_in(page, stack, person)
    token = generate(page, "ci")
    page.get_by_role("button", name="Done").click()
    assert call_api(stack, token) == 200

    page.get_by_role("button", name="Usage of ci").click()

    expect(page.get_by_text(re.compile("at least 1 time"))).to_be_visible()
    expect(page.locator("svg").first).to_be_visible()


def test_list_is_searched_filtered_and_sorted(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Search, status filter and column headers change the list and its order."""
    page = new_page()
    sign_in(page, stack, person)
    for name in ("beta", "alpha", "gamma"):
        generate(page, name)
        page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Pause beta").click()
    expect(row(page, "beta").locator("[data-status=inactive]")).to_be_visible()

    page.get_by_label("Filter by status").select_option("inactive")
    expect(page.locator("tr[data-token-id]")).to_have_count(1)
    page.get_by_label("Filter by status").select_option("")
    expect(page.locator("tr[data-token-id]")).to_have_count(3)
    page.get_by_role("columnheader").get_by_role("button", name="Name").click()
    expect(page.locator("tr[data-token-id]").first).to_contain_text("alpha")
    page.get_by_label("Search by name").fill("gam")
    expect(page.locator("tr[data-token-id]")).to_have_count(1)


def test_everything_works_by_keyboard_alone(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The keyboard alone can generate and revoke. The focus goes to the next step."""
    page = new_page()
    sign_in(page, stack, person)
    expect(page.get_by_role("button", name="Generate New Token")).to_be_enabled()
    page.get_by_role("button", name="Generate New Token").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name (optional)")).to_be_focused()
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    expect(page.locator("#new-token")).to_be_visible()
    tab_to(page, "Done")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)

    tab_to(page, "Revoke typed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    tab_to(page, "Revoke token")
    page.keyboard.press("Enter")
    expect(row(page, "typed").locator("[data-status=revoked]")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_accessible(new_page: NewPage, stack: LocalStack, person: str, scheme: str) -> None:
    """axe finds no fault in the list, the dialogs and the usage, in light and dark."""
    page = new_page(color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, stack, person)
    no_violations(page)
    page.get_by_role("button", name="Generate New Token").first.click()
    no_violations(page)
    page.get_by_label("Name (optional)").fill("ci")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#new-token")).to_be_visible()
    no_violations(page)
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Usage of ci").click()
    expect(page.locator("svg").first).to_be_visible()
    no_violations(page)
    page.get_by_role("button", name="Revoke ci").click()
    no_violations(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_reference_is_accessible(new_page: NewPage, stack: LocalStack, scheme: str) -> None:
    """axe finds no fault in the API reference. Its contents lead to the operations."""
    page = new_page(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{stack.url}/docs")
    no_violations(page)
    page.get_by_role("navigation", name="Contents").locator(f"a[href='#{CREATE}']").click()
    expect(page.locator(f"h3[id='{CREATE}']")).to_be_in_viewport()


def test_reference_fits_a_small_phone(new_page: NewPage, stack: LocalStack) -> None:
    """At 360 px only examples need sideways scrolling."""
    page = new_page(viewport={"width": 360, "height": 740})
    page.goto(f"{stack.url}/docs")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_page_fits_a_small_phone(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """At 360 px the list and the dialogs need no sideways scrolling."""
    page = new_page(viewport={"width": 360, "height": 740})
    sign_in(page, stack, person)
    assert overflow(page) <= 0
    generate(page, "a rather long name of a token whose owner did not think of small phones")
    assert overflow(page) <= 0
    page.get_by_role("button", name="Done").click()
    expect(page.locator("tr[data-token-id]")).to_have_count(1)
    assert overflow(page) <= 0
    no_violations(page)


def test_administrator_deactivates_and_brings_back_a_user(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """The users view stops a user's tokens, and restores the user and the tokens."""
    member, admin = new_page(), new_page()
    sign_in(member, stack, person)
    token = generate(member, "ci")
    sign_in(admin, stack, "admin@example.com")
    find_user(admin, person)
    no_violations(admin)

    admin.get_by_role("button", name=re.compile("^Deactivate ")).first.click()
    admin.get_by_role("dialog").get_by_role("button", name="Deactivate user").click()
    expect(admin.get_by_role("button", name=re.compile("^Re-activate ")).first).to_be_visible()
    assert call_api(stack, token) == 401

    admin.get_by_role("button", name=re.compile("^Re-activate ")).first.click()
    admin.get_by_role("dialog").get_by_label("This token works again").check()
    admin.get_by_role("dialog").get_by_role("button", name="Re-activate user and tokens").click()
    expect(admin.get_by_role("button", name=re.compile("^Deactivate ")).first).to_be_visible()
    assert call_api(stack, token) == 200


def test_administrator_revokes_all_tokens_and_removes_a_user(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """In the users view an administrator sees a user's tokens, revokes them all, and removes the user."""
    member, admin = new_page(), new_page()
    sign_in(member, stack, person)
    token = generate(member, "of-a-member")
    sign_in(admin, stack, "admin@example.com")
    find_user(admin, person)
    admin.locator("tr[data-user-id]").get_by_text("Tokens").click()
    view = admin.locator("#users-view")
    expect(view.locator("tr[data-token-id]")).to_contain_text("of-a-member")

    view.get_by_role("button", name="Revoke all tokens").click()
    admin.get_by_role("dialog").get_by_role("button", name="Revoke all tokens").click()
    expect(view.locator("[data-status=revoked]")).to_be_visible()
    assert call_api(stack, token) == 401

    find_user(admin, person)
    admin.get_by_role("button", name=re.compile("^Remove ")).first.click()
    admin.get_by_role("dialog").get_by_role("button", name="Remove user").click()
    expect(admin.locator("tr[data-user-id] [data-status=removed]")).to_be_visible()


def test_idle_deadline_is_warned_of_and_an_idle_token_comes_back(new_page: NewPage, person: str) -> None:
    """Five days or less are a warning. An idle token can be re-activated in the list."""
    with LocalStack({"IDLE_TIMEOUT_SECONDS": str(4 * 24 * 3600)}) as warning:
        page = new_page()
        sign_in(page, warning, person)
        generate(page, "soon")
        page.get_by_role("button", name="Done").click()
        expect(row(page, "soon").locator(".warning")).to_contain_text("4 days")
        # The page must not call a stack that has stopped.
        page.close()
    with LocalStack({"IDLE_TIMEOUT_SECONDS": "1"}) as short:
        page = new_page()
        sign_in(page, short, person)
        token = generate(page, "sleepy")
        page.get_by_role("button", name="Done").click()
        page.wait_for_timeout(1_100)
        page.get_by_role("button", name="Refresh").click()
        expect(row(page, "sleepy").locator("[data-status=idle]")).to_be_visible()
        assert call_api(short, token) == 401
        page.get_by_role("button", name="Re-activate sleepy").click()
        expect(row(page, "sleepy").locator("[data-status=active]")).to_be_visible()
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

    page.get_by_role("button", name="Sign out").click()

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

    expect(staged.get_by_text("No API tokens yet")).to_be_visible()
    assert [url for url in asked if not url.startswith(f"{stack.url}/dev/")] == []


def test_screenshot_for_the_readme(new_page: NewPage, stack: LocalStack) -> None:
    """The README's picture can be made. UPDATE_SCREENSHOT=1 writes it to its file."""
    page = new_page(viewport={"width": 1200, "height": 620})
    sign_in(page, stack, "user@example.com")
    for name in ("nightly build", "my laptop", "metrics exporter"):
        token = generate(page, name)
        page.get_by_role("button", name="Done").click()
        assert call_api(stack, token) == 200
    page.get_by_role("button", name="Pause nightly build").click()
    page.reload()
    expect(page.locator("tr[data-token-id]")).to_have_count(3)

    picture = page.screenshot()

    assert len(picture) > 10_000
    if os.environ.get("UPDATE_SCREENSHOT"):
        Path(SCREENSHOT).parent.mkdir(exist_ok=True)
        Path(SCREENSHOT).write_bytes(picture)
