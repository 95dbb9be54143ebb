"""Users, for administrators, in a real browser: the list, its filters, and what can be done with a user."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.page.people import (
    PAGE,
    Owner,
    call_api,
    fits_in_both_themes,
    no_violations,
    open_console,
    rows_of,
    send,
)
from tests.page.test_people_in_browser import a_user
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

ADMIN = "admin@example.com"
HOSTILE = "<img src=x onerror=alert(1)>\u202e" + "long" * 20


@pytest.fixture
def open_users(new_page: NewPage, stack: LocalStack) -> Callable[..., Page]:
    """Return a function that opens Users with a query of the address, for an administrator."""

    def open_view(query: str = "", **options: Any) -> Page:
        # Contrast is measured, so no dialog may be half shown.
        page = new_page(reduced_motion="reduce", **options)
        return open_console(page, stack, "users", "Users", query)

    return open_view


def choose(page: Page, action: str) -> Locator:
    """Choose an action in the menu of the only row, and return the dialog."""
    rows_of(page).locator("[data-menu]").click()
    page.get_by_role("menuitem", name=action).click()
    return page.get_by_role("dialog")


def moment(days: int) -> str:
    """Return the time so many days ago."""
    return (
        (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def lists(page: Page, *pages: list[dict[str, Any]]) -> list[dict[str, list[str]]]:
    """Let the server list these pages of users. Return the queries that it gets."""
    asked: list[dict[str, list[str]]] = []

    def respond(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        cursor = query.get("cursor", ["0"])[0]
        if not cursor.isdigit():
            # The list that the page showed before these pages is still being read.
            route.fulfill(json={"users": [], "next_cursor": None})
            return
        asked.append(query)
        at = int(cursor)
        following = str(at + 1) if at + 1 < len(pages) else None
        found = [user for user in pages[at] if query.get("status", [user["status"]]) == [user["status"]]]
        route.fulfill(json={"users": found, "next_cursor": following})

    page.route(re.compile(r"/v1/users\?"), respond)
    return asked


def some_users(stack: LocalStack) -> list[dict[str, Any]]:
    """Return users of all kinds."""
    here = {"issuer": stack.settings.oidc_url, "email": "", "email_verified": False}
    members: list[dict[str, Any]] = [
        {"name": "Ada", "role": "admin", "live_tokens": 3, "last_signed_in_at": moment(1)},
        {"name": "Full", "live_tokens": 98, "last_signed_in_at": moment(3)},
        {"name": "Gone", "live_tokens": 12, "status": "inactive", "last_signed_in_at": moment(8)},
        {"name": "Away", "live_tokens": 0, "last_signed_in_at": moment(120)},
        {"name": "Old", "live_tokens": 1, "last_signed_in_at": None},
        {"name": "", "live_tokens": 0, "status": "removed", "last_signed_in_at": moment(9)},
    ]
    return [a_user(n, {"subject": f"subject-{n}", **here, **each}) for n, each in enumerate(members)]


def test_filters_have_counts_and_stay_in_the_address(
    open_users: Callable[..., Page], stack: LocalStack
) -> None:
    """A count that is not 0 is a filter. The removed users have one of their own."""
    page = open_users()
    asked = lists(page, some_users(stack))
    page.reload()
    chips = page.get_by_role("group", name="Show").get_by_role("button")
    counts = ["administrator", "deactivated", "without tokens", "not signed in for 90 days", "removed"]
    expect(chips).to_have_text(["All 5", *[f"1 {words}" for words in counts]])
    expect(rows_of(page).locator(".name")).to_have_text(["Ada", "Full", "Gone", "Away", "Old"])
    expect(rows_of(page).nth(1)).to_contain_text("of 100")
    expect(rows_of(page).nth(2)).to_contain_text("12 tokens stopped")
    expect(rows_of(page).nth(4)).to_contain_text("Not recorded")
    no_violations(page)
    chips.nth(3).click()
    expect(rows_of(page).locator(".name")).to_have_text(["Away"])
    page.reload()
    expect(rows_of(page).locator(".name")).to_have_text(["Away"])
    expect(page.get_by_role("button", name="without tokens")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="1 removed").click()
    expect(rows_of(page).locator(".name")).to_have_text(["subject-5"])
    assert asked[-1]["status"] == ["removed"]
    rows_of(page).locator("[data-menu]").click()
    expect(page.get_by_role("menuitem", name="Remove…")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^All")).click()
    expect(rows_of(page)).to_have_count(5)


def test_a_filter_goes_on_through_pages_and_says_how_far(
    open_users: Callable[..., Page], stack: LocalStack
) -> None:
    """No count is shown before the list was read to its end."""
    page = open_users()
    users = some_users(stack)
    pages = [[{**users[0], "id": f"usr_a{n}_{m}", "role": "user"} for m in range(10)] for n in range(25)]
    asked = lists(page, *pages, [users[0]])
    page.goto(f"{stack.url}{PAGE}?view=users&show=administrators")
    end = page.locator("section:not([hidden]) .list-end")
    expect(end).to_contain_text("No users found yet. Looked at 200 users so far")
    assert len(asked) == 20
    expect(page.get_by_role("button", name="Administrators", exact=True)).to_be_visible()
    end.get_by_role("button", name="Show more").click()
    expect(rows_of(page).locator(".name")).to_have_text(["Ada"])
    expect(page.get_by_role("button", name="1 administrator")).to_be_visible()


def test_tokens_of_a_user_are_one_step_away(
    open_users: Callable[..., Page], stack: LocalStack, person: str
) -> None:
    """Enter, the number and the menu lead to the tokens of the user. Back returns to the search."""
    owner = Owner(stack, person)
    owner.post("/v1/tokens", {"name": "theirs"})
    page = open_users(f"&q={person}")
    expect(rows_of(page)).to_have_count(1)
    rows_of(page).focus()
    page.keyboard.press("Enter")
    expect(rows_of(page).locator(".name")).to_have_text(["theirs"])
    expect(page).to_have_url(re.compile(f"view=all&user={owner.me()['id']}"))
    page.go_back()
    expect(page.get_by_role("searchbox", name="Name or email")).to_have_value(person)
    rows_of(page).locator(".tokens-count").click()
    expect(rows_of(page).locator(".name")).to_have_text(["theirs"])
    page.go_back()
    rows_of(page).locator("[data-menu]").click()
    page.get_by_role("menuitem", name="Open tokens").click()
    expect(rows_of(page).locator(".name")).to_have_text(["theirs"])


def test_own_account_is_protected(open_users: Callable[..., Page]) -> None:
    """The server refuses these on one's own account, so the menu says why."""
    page = open_users(f"&q={ADMIN}")
    expect(rows_of(page)).to_contain_text(["You"])
    rows_of(page).first.focus()
    page.keyboard.press("ArrowRight")
    for action in ("Deactivate…", "Remove…"):
        item = page.get_by_role("menuitem", name=action)
        expect(item).to_have_attribute("aria-disabled", "true")
        expect(item).to_contain_text("Not on your own account")
    expect(page.get_by_role("menuitem", name="Revoke all tokens…")).not_to_have_attribute(
        "aria-disabled", "true"
    )


def test_deactivation_says_what_stops_and_how_fast(
    open_users: Callable[..., Page], stack: LocalStack, person: str
) -> None:
    """The row shows the new status, and the focus is there again."""
    token = Owner(stack, person).post("/v1/tokens", {})
    page = open_users(f"&q={person}")
    dialog = choose(page, "Deactivate…")
    expect(dialog).to_contain_text(
        re.compile(r"1 token is refused (at once|everywhere within \d+ seconds)\. None was used")
    )
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Deactivate user").click()
    expect(rows_of(page)).to_contain_text(["Deactivated1 token stopped"])
    expect(rows_of(page)).to_be_focused()
    assert call_api(stack, token["token"]) == 401


def test_removal_says_what_goes_and_stays_and_is_typed(
    open_users: Callable[..., Page], stack: LocalStack, person: str
) -> None:
    """The events are counted. Without a verified e-mail the subject is typed."""
    owner = Owner(stack, person)
    token = owner.post("/v1/tokens", {})
    page = open_users(f"&q={person}")
    dialog = choose(page, "Remove…")
    expect(dialog).to_contain_text("The account, its 1 token, and the networks it was used from")
    expect(dialog).to_contain_text(
        re.compile(
            r"A mark that keeps its tokens dead, and \d+ events? for \d+ days, by id, without a name"
        )
    )
    submit = dialog.get_by_role("button", name=f"Remove {person}")
    expect(submit).to_be_disabled()
    no_violations(page)
    field = dialog.get_by_label(f"Type {person} to confirm")
    field.fill(person.upper())
    expect(submit).to_be_disabled()
    field.press("Enter")
    expect(dialog).to_be_visible()
    field.fill(f" {person} ")
    submit.click()
    expect(page.locator(".toast")).to_contain_text(f"{person} is removed.")
    expect(rows_of(page)).to_contain_text(["Removed"])
    assert call_api(stack, token["token"]) == 401


def test_two_administrators_at_one_user(
    open_users: Callable[..., Page], complaints: Complaints, stack: LocalStack, person: str
) -> None:
    """The second one learns what the first one did, and the row shows it."""
    complaints.expected = ("409",)
    user_id, jwt = Owner(stack, person).me()["id"], stack.login(ADMIN)
    page = open_users(f"&q={person}")
    dialog = choose(page, "Deactivate…")
    assert send(stack, "DELETE", f"/v1/users/{user_id}", jwt)[0] == 204
    dialog.get_by_role("button", name="Deactivate user").click()
    expect(dialog.get_by_role("alert")).to_contain_text("removed")
    dialog.get_by_role("button", name="Cancel").click()
    expect(rows_of(page)).to_contain_text(["Removed"])


def test_failed_change_keeps_the_question(
    open_users: Callable[..., Page], complaints: Complaints, stack: LocalStack, person: str
) -> None:
    """A lost response leaves the dialog open, and a second try works."""
    complaints.expected = ("ERR_FAILED",)
    Owner(stack, person).me()
    page = open_users(f"&q={person}")
    dialog = choose(page, "Deactivate…")
    page.route("**/v1/users/usr_*", lambda route: route.abort(), times=1)
    dialog.get_by_role("button", name="Deactivate user").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The server could not be reached.")
    dialog.get_by_role("button", name="Deactivate user").click()
    expect(rows_of(page)).to_contain_text(["Deactivated"])


@pytest.mark.parametrize("width", [1440, 1000, 390, 320])
def test_names_are_text(open_users: Callable[..., Page], stack: LocalStack, width: int) -> None:
    """Hostile and very long names fit the screen, also in the dialogs."""
    page = open_users(viewport={"width": width, "height": 800})
    hostile = {"name": HOSTILE, "email": f"{'x' * 90}@example.com", "email_verified": True}
    lists(page, [{**some_users(stack)[1], **hostile}, *some_users(stack)])
    counts = {"working": 2, "not_ended": 2, "used_in_30_days": 1, "is_complete": True}
    page.route("**/v1/users/*/tokens/summary", lambda route: route.fulfill(json=counts))
    page.route(
        "**/v1/users/*/events/summary", lambda route: route.fulfill(json={"count": 3, "is_more": False})
    )
    page.reload()
    expect(rows_of(page).filter(has_text=HOSTILE)).to_have_count(1)
    expect(page.locator("main img")).to_have_count(0)
    fits_in_both_themes(page)
    rows_of(page).filter(has_text=HOSTILE).locator("[data-menu]").click()
    page.get_by_role("menuitem", name="Remove…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 events")
    assert dialog.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    fits_in_both_themes(page)


def test_page_of_another_person_is_loaded_again(
    open_users: Callable[..., Page], complaints: Complaints, stack: LocalStack, person: str
) -> None:
    """If another person signs in in the same browser, nothing of the old page stays."""
    complaints.expected = ("412", "401", "403")
    page = open_users()
    expect(rows_of(page).first).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{stack.url}/login?return_to={PAGE}")
    other.locator("input[name=sub]").fill(person)
    other.locator("input[name=sub]").press("Enter")
    expect(other.get_by_role("heading", name="My tokens", exact=True)).to_be_visible()
    # The tabs tell each other.
    expect(page.get_by_role("heading", name="My tokens", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Users", exact=True)).to_be_hidden()
