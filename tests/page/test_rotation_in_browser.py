"""Rotation at the page in a real browser: its dialog, its result and its failures."""

import json
import re
import time
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.page.people import (
    Owner,
    behind_stage,
    call_api,
    generate,
    no_violations,
    open_rotate,
    rotate,
    row,
    rows,
    sign_in,
    tab_to,
)
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

ROTATE = "**/v1/tokens/*/rotate"
WORKS_ON = "Keep this token working"


def wait_until(moment: Locator) -> None:
    """Wait until a time that the page shows has passed."""
    end = datetime.fromisoformat(moment.get_attribute("datetime") or "")
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()))


def test_person_rotates_with_an_overlap(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Both tokens work until the overlap ends. The successor's string is shown once."""
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, stack, person)
    old = generate(page, "ci")
    page.get_by_role("button", name="Done").click()
    asked: list[int] = []

    def make_the_day_short(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "{}")["overlap_seconds"])
        route.continue_(post_data=json.dumps({"overlap_seconds": 6}))

    page.route(ROTATE, make_the_day_short)
    dialog = open_rotate(page, "ci")
    expect(dialog).to_contain_text("same name, scopes and lifetime")
    expect(dialog.get_by_text(re.compile(r"^Until \w+ \d+, \d{4}, "))).to_be_visible()
    dialog.get_by_role("button", name="Rotate token").click()
    new = page.locator("#new-token").input_value()
    assert (call_api(stack, old), call_api(stack, new)) == (200, 200)
    assert asked == [86400]

    expect(page.locator("#new-token")).to_have_attribute("type", "password")
    page.get_by_role("button", name="Copy token").click()
    expect(page.get_by_text("Copied").first).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == new
    page.get_by_role("button", name="Done").click()
    assert new not in page.content()

    successor, predecessor = rows(page)
    expect(successor).to_contain_text("Successor of a rotated token")
    expect(predecessor).to_contain_text("Rotated, works until")
    expect(page.get_by_role("button", name=re.compile("^Rotate "))).to_have_count(1)
    wait_until(predecessor.locator("time[data-form=moment]"))
    assert (call_api(stack, old), call_api(stack, new)) == (401, 200)
    page.get_by_role("button", name="Refresh").click()
    expect(predecessor.locator("[data-status=revoked]")).to_contain_text("Rotated, ended")
    expect(successor.locator("[data-status=active]")).to_be_visible()


def test_rotation_needs_no_mouse(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The keyboard alone can rotate a token at once. The focus goes to the successor."""
    page = new_page()
    sign_in(page, stack, person)
    old = generate(page, "ci")
    page.get_by_role("button", name="Done").click()

    tab_to(page, "Rotate ci")
    page.keyboard.press("Enter")
    expect(page.get_by_label(WORKS_ON)).to_be_focused()
    page.keyboard.type("No")
    expect(
        page.get_by_text("Programs that use this token are refused until they have the successor.")
    ).to_be_visible()
    tab_to(page, "Rotate token")
    page.keyboard.press("Enter")
    expect(page.locator("#new-token")).to_be_visible()
    assert call_api(stack, old) == 401
    tab_to(page, "Done")
    page.keyboard.press("Enter")

    successor, predecessor = rows(page)
    expect(successor.get_by_role("button", name="Rotate ci")).to_be_focused()
    expect(predecessor.locator("[data-status=revoked]")).to_be_visible()


def test_late_list_does_not_take_the_focus(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """A person who returns to the list before it has reloaded keeps the focus on the row."""
    page = new_page()
    sign_in(page, stack, person)
    generate(page, "ci")
    page.get_by_role("button", name="Done").click()
    expect(page.locator("tr[data-token-id]")).to_have_count(1)
    held: list[Route] = []
    page.route("**/v1/tokens?*", lambda route: held.append(route))
    rotate(page, "ci")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Rotate ci")).to_be_focused()

    held[0].continue_()

    rows(page)
    expect(page.get_by_role("button", name="Edit ci (rotated)")).to_be_focused()


def test_double_click_on_rotate_makes_one_successor(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """Two clicks rotate the token once and show no error."""
    page = new_page()
    sign_in(page, stack, person)
    generate(page, "ci")
    page.get_by_role("button", name="Done").click()
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if "/rotate" in request.url else None)

    open_rotate(page, "ci").get_by_role("button", name="Rotate token").dblclick()
    expect(page.locator("#new-token")).to_be_visible()
    page.get_by_role("button", name="Done").click()

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
    sign_in(page, stack, person)
    generate(page, "ci")
    page.get_by_role("button", name="Done").click()
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
    assert call_api(stack, rotate(page, "ci")) == 200


def test_list_shows_the_successor_of_which_the_response_was_lost(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """A person who gives up after a lost response sees the rotated token in the list."""
    complaints.expected = ("ERR_FAILED",)
    page = new_page()
    sign_in(page, stack, person)
    generate(page, "ci")
    page.get_by_role("button", name="Done").click()
    lose_one_response(page)

    dialog = open_rotate(page, "ci")
    dialog.get_by_role("button", name="Rotate token").click()
    expect(dialog.get_by_text("The token may have been rotated.")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()

    expect(rows(page)[1]).to_contain_text("Rotated, works until")


def test_refused_rotation_keeps_the_choice(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """A failure is shown in the server's words. The choice stays, and a retry rotates."""
    complaints.expected = ("409",)
    page = new_page()
    sign_in(page, stack, person)
    generate(page, "ci")
    page.get_by_role("button", name="Done").click()
    problem = {"code": "concurrent_change", "detail": "Something else changed it. Try again."}
    response = {"status": 409, "content_type": "application/problem+json", "body": json.dumps(problem)}
    page.route(ROTATE, lambda route: route.fulfill(**response), times=1)

    dialog = open_rotate(page, "ci")
    dialog.get_by_label(WORKS_ON).select_option("For 7 days")
    dialog.get_by_role("button", name="Rotate token").click()
    expect(dialog.get_by_text("Something else changed it. Try again.")).to_be_visible()
    expect(dialog.get_by_label(WORKS_ON)).to_have_value("604800")
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
    expect(row(page, "ci").locator("[data-status=inactive]")).to_be_visible()
    expect(page.get_by_role("button", name="Rotate ci")).to_have_count(0)


def test_rotating_again_warns_that_the_older_token_stops(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """At most two tokens of a family work. The dialog says that the third one stops."""
    owner, page = Owner(stack, person), new_page()
    oldest = owner.post("/v1/tokens", {"name": "ci"})
    older = owner.rotate(oldest, 3600)
    sign_in(page, stack, person)
    expect(open_rotate(page, "ci").get_by_text("The predecessor of this token still works")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()

    newest = rotate(page, "ci")

    statuses = [call_api(stack, token) for token in (oldest["token"], older["token"], newest)]
    assert statuses == [401, 200, 200]


def test_rotation_is_told_apart_in_the_details(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Two tokens of one name have different spoken names, and different ids in their usage."""
    owner, page = Owner(stack, person), new_page()
    old = owner.post("/v1/tokens", {"name": "ci"})
    new = owner.rotate(old, 3600)
    sign_in(page, stack, person)

    page.get_by_role("button", name="Usage of ci (rotated)", exact=True).click()
    expect(page.locator(f"#usage-{old['id']}").get_by_role("definition")).to_have_text(
        [old["id"], new["id"]]
    )
    page.get_by_role("button", name="Usage of ci", exact=True).click()
    expect(page.locator(f"#usage-{new['id']}").get_by_role("definition")).to_have_text(
        [new["id"], old["id"]]
    )
    page.get_by_role("button", name="Revoke ci (rotated)").click()
    expect(page.get_by_role("dialog")).to_contain_text("Its successor keeps working.")


@pytest.mark.parametrize(
    ("which", "label", "words"),
    [
        (0, "Revoke ci (rotated)", "It rotated itself, so its successor is revoked too."),
        (1, "Revoke ci", "The token before it rotated itself and still works. It is revoked too."),
    ],
)
def test_revoking_says_what_else_is_revoked(
    new_page: NewPage, stack: LocalStack, person: str, which: int, label: str, words: str
) -> None:
    """A token that rotated itself and its successor end together. The list shows both as revoked."""
    owner, page = Owner(stack, person), new_page()
    old = owner.post("/v1/tokens", {"name": "ci"})
    line = [old, owner.rotate_itself(old, 3600)]
    sign_in(page, stack, person)
    expect(page.get_by_text("Successor of a token that rotated itself")).to_be_visible()

    page.get_by_role("button", name=label, exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text(words)
    no_violations(page)
    page.get_by_role("button", name="Revoke token").click()

    expect(page.locator("[data-status=revoked]")).to_have_count(2)
    assert [call_api(stack, token["token"]) for token in line] == [401, 401]


def test_revoking_alone_promises_no_more(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The dialog names no other token for one without a successor, or with an owner's rotation."""
    owner, page = Owner(stack, person), new_page()
    owner.post("/v1/tokens", {"name": "alone"})
    owner.rotate(owner.post("/v1/tokens", {"name": "ci"}), 3600)
    sign_in(page, stack, person)
    for name in ("alone", "ci"):
        page.get_by_role("button", name=f"Revoke {name}", exact=True).click()
        expect(page.get_by_role("dialog")).to_contain_text("A revoked token cannot be re-activated.")
        expect(page.get_by_role("dialog").get_by_text("too.")).to_have_count(0)
        page.get_by_role("button", name="Cancel").click()


def test_revoking_without_a_response_warns_of_the_line(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """If the successor cannot be read, the dialog says that it may be revoked too."""
    complaints.expected = ("ERR_FAILED",)
    owner, page = Owner(stack, person), new_page()
    old = owner.post("/v1/tokens", {"name": "ci"})
    new = owner.rotate(old, 3600)
    sign_in(page, stack, person)
    page.route(f"**/v1/tokens/{new['id']}", lambda route: route.abort())

    page.get_by_role("button", name="Revoke ci (rotated)").click()

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
