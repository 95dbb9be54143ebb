"""Rotation at the page in a real browser: its dialog, its result and its failures."""

import json
import re
import time

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.page.people import (
    Owner,
    act,
    behind_stage,
    call_api,
    generate,
    leave_uncopied,
    no_violations,
    open_rotate,
    rotate,
    row,
    rows,
    shown_token,
    sign_in,
    tab_to,
)
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

ROTATE = "**/v1/tokens/*/rotate"


def token_named_ci(page: Page, stack: LocalStack, person: str) -> str:
    """Sign in and generate a token. Return its string."""
    sign_in(page, stack, person)
    token = generate(page, "ci")
    leave_uncopied(page)
    expect(page.locator("[data-row]")).to_have_count(1)
    return token


def test_person_rotates_with_an_overlap(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Both tokens work until the overlap ends. The successor's string is shown once."""
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    old = token_named_ci(page, stack, person)
    asked: list[int] = []

    def make_the_day_short(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "{}")["overlap_seconds"])
        route.continue_(post_data=json.dumps({"overlap_seconds": 8}))

    page.route(ROTATE, make_the_day_short)
    dialog = open_rotate(page, "ci")
    expect(dialog).to_contain_text("same name, access and networks")
    expect(dialog.get_by_text(re.compile(r"^Until .*After that its use is refused"))).to_be_visible()
    dialog.get_by_role("button", name="Rotate token").click()
    new = shown_token(page)
    assert (call_api(stack, old), call_api(stack, new)) == (200, 200)
    assert asked == [86400]

    expect(page.locator("#new-token")).not_to_have_value(new)
    page.get_by_role("button", name="Copy token").click()
    expect(page.get_by_text("Copied").first).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == new
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert new not in page.content()

    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator("[data-state=still_used], [data-state=rotated]")).to_have_count(1)
    time.sleep(8)
    assert (call_api(stack, old), call_api(stack, new)) == (401, 200)
    page.reload()
    expect(page.locator("[data-state=rotated]")).to_have_count(1)
    expect(page.locator("[data-state=active]")).to_have_count(1)


def test_rotation_needs_no_mouse(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The keyboard alone can rotate a token at once."""
    page = new_page()
    old = token_named_ci(page, stack, person)

    page.locator("[data-row]").focus()
    page.keyboard.press("Shift+F10")
    page.keyboard.press("r")
    expect(page.get_by_role("menuitem", name="Rotate")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="1 day")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("Whatever uses it is refused until it has the new string.")).to_be_visible()
    tab_to(page, "Rotate token")
    page.keyboard.press("Enter")
    expect(page.locator("#new-token")).to_be_visible()
    assert call_api(stack, old) == 401
    page.keyboard.press("Escape")
    tab_to(page, "Close without it")
    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator("[data-row]:focus")).to_have_count(1)


def test_double_click_on_rotate_makes_one_successor(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """Two clicks rotate the token once and show no error."""
    page = new_page()
    token_named_ci(page, stack, person)
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if "/rotate" in request.url else None)

    button = open_rotate(page, "ci").get_by_role("button", name="Rotate token")
    button.evaluate("button => { button.click(); button.click(); }")
    expect(page.locator("#new-token")).to_be_visible()
    leave_uncopied(page)

    rows(page)
    assert len([request for request in sent if request.method == "POST"]) == 1


def lose_one_response(page: Page) -> None:
    """Let the next rotation happen, but lose its response."""

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(ROTATE, lose, times=1)


def test_lost_response_is_explained_and_overcome(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """A person who has not seen the successor finds it in the list and rotates it."""
    complaints.expected = ("ERR_FAILED", "409")
    page = new_page()
    token_named_ci(page, stack, person)
    lose_one_response(page)

    dialog = open_rotate(page, "ci")
    dialog.get_by_role("button", name="Rotate token").click()
    expect(dialog.get_by_text("The token may have been rotated. Try again to find out.")).to_be_visible()
    dialog.get_by_role("button", name="Rotate token").click()
    expect(dialog.get_by_text("This token was already rotated.")).to_contain_text("rotate the successor")
    expect(dialog.get_by_role("button")).to_have_count(1)
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    no_violations(page)
    page.keyboard.press("Enter")

    rows(page)
    successor = page.locator("[data-row]").filter(has=page.locator("[data-state=active]"))
    successor.locator("[data-menu]").click()
    page.get_by_role("menuitem", name="Rotate").click()
    page.get_by_role("button", name="Rotate token").click()
    assert call_api(stack, shown_token(page)) == 200


def test_list_shows_the_successor_of_which_the_response_was_lost(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """A person who gives up after a lost response sees the rotated token in the list."""
    complaints.expected = ("ERR_FAILED",)
    page = new_page()
    token_named_ci(page, stack, person)
    lose_one_response(page)

    dialog = open_rotate(page, "ci")
    dialog.get_by_role("button", name="Rotate token").click()
    expect(dialog.get_by_text("The token may have been rotated.")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()

    rows(page)
    expect(page.locator("[data-state=rotated]")).to_have_count(1)


def test_refused_rotation_keeps_the_choice(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """A failure is shown in the server's words. The choice stays, and a retry rotates."""
    complaints.expected = ("409",)
    page = new_page()
    token_named_ci(page, stack, person)
    problem = {"code": "concurrent_change", "detail": "Something else changed it. Try again."}
    response = {"status": 409, "content_type": "application/problem+json", "body": json.dumps(problem)}
    page.route(ROTATE, lambda route: route.fulfill(**response), times=1)

    dialog = open_rotate(page, "ci")
    dialog.get_by_text("7 days").click()
    dialog.get_by_role("button", name="Rotate token").click()
    expect(dialog.get_by_text("Something else changed it. Try again.")).to_be_visible()
    expect(dialog.get_by_role("radio", name="7 days")).to_be_checked()
    dialog.get_by_role("button", name="Rotate token").click()

    expect(page.locator("#new-token")).to_be_visible()


def test_pause_in_another_tab_is_told(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """A token that was paused meanwhile is not rotated. Its row shows that it is paused."""
    complaints.expected = ("409",)
    owner, page = Owner(stack, person), new_page()
    token = owner.post("/v1/tokens", {"name": "ci"})
    sign_in(page, stack, person)
    dialog = open_rotate(page, "ci")
    owner.change(token, status="inactive")

    dialog.get_by_role("button", name="Rotate token").click()

    expect(dialog.get_by_text("This token is not active. Re-activate it first.")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(row(page, "ci").locator("[data-state=paused]")).to_be_visible()
    row(page, "ci").locator("[data-menu]").click()
    expect(page.get_by_role("menuitem", name="Rotate")).to_have_attribute("aria-disabled", "true")


def test_rotating_again_warns_that_the_older_token_stops(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """At most two tokens of a family work. The dialog says that the third one stops."""
    owner, page = Owner(stack, person), new_page()
    oldest = owner.post("/v1/tokens", {"name": "ci"})
    older = owner.rotate(oldest, 3600)
    sign_in(page, stack, person)
    rows(page)
    successor = page.locator(f"[data-row={older['id']}]")
    successor.locator("[data-menu]").click()
    page.get_by_role("menuitem", name="Rotate").click()
    expect(page.get_by_text("The predecessor of this token still works until")).to_be_visible()

    page.get_by_role("button", name="Rotate token").click()
    newest = shown_token(page)

    statuses = [call_api(stack, token) for token in (oldest["token"], older["token"], newest)]
    assert statuses == [401, 200, 200]


@pytest.mark.parametrize(
    ("which", "words"),
    [
        (0, "It rotated itself, so its successor is revoked too."),
        (1, "The token before it rotated itself and still works. It is revoked too."),
    ],
)
def test_revoking_says_what_else_is_revoked(
    new_page: NewPage, stack: LocalStack, person: str, which: int, words: str
) -> None:
    """A token that rotated itself and its successor end together. The list shows both as revoked."""
    owner, page = Owner(stack, person), new_page()
    old = owner.post("/v1/tokens", {"name": "ci"})
    line = [old, owner.rotate_itself(old, 3600)]
    sign_in(page, stack, person)
    rows(page)

    page.locator(f"[data-row={line[which]['id']}] [data-menu]").click()
    page.get_by_role("menuitem", name="Revoke").click()
    expect(page.get_by_role("dialog")).to_contain_text(words)
    no_violations(page)
    page.get_by_role("button", name="Revoke token").click()

    expect(page.locator("[data-row] [data-state=revoked]")).to_have_count(2)
    assert [call_api(stack, token["token"]) for token in line] == [401, 401]


def test_revoking_alone_promises_no_more(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The dialog names no other token for one without a successor."""
    owner, page = Owner(stack, person), new_page()
    owner.post("/v1/tokens", {"name": "alone"})
    sign_in(page, stack, person)

    act(page, "alone", "Revoke")

    expect(page.get_by_role("dialog")).to_contain_text("This cannot be undone.")
    expect(page.get_by_role("dialog").get_by_text("too.")).to_have_count(0)


def test_revoking_without_a_response_warns_of_the_line(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """If the successor cannot be read, the dialog says that it may be revoked too."""
    complaints.expected = ("ERR_FAILED",)
    owner, page = Owner(stack, person), new_page()
    old = owner.post("/v1/tokens", {"name": "ci"})
    new = owner.rotate(old, 3600)
    sign_in(page, stack, person)
    rows(page)
    page.route(f"**/v1/tokens/{new['id']}", lambda route: route.abort())

    page.locator(f"[data-row={old['id']}] [data-menu]").click()
    page.get_by_role("menuitem", name="Revoke").click()

    expect(page.get_by_role("dialog")).to_contain_text(
        "If it rotated itself, its successor is revoked too."
    )


def test_rotation_works_under_a_stage(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Behind a stage prefix a rotation calls only paths under that prefix."""
    page = new_page()
    sign_in(page, stack, person)
    Owner(stack, person).post("/v1/tokens", {"name": "ci"})
    staged, asked = behind_stage(page, stack)

    token = rotate(staged, "ci")

    assert call_api(stack, token) == 200
    assert [url for url in asked if not url.startswith(f"{stack.url}/dev/")] == []
