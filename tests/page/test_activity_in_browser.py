"""The activity of all users in a real browser: feed, filters, searches, details and the download."""

import csv
import io
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.page.people import PAGE, Owner, no_violations, overflow, send, sign_in
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

ADMIN = "admin@example.com"


def open_activity(page: Page, stack: LocalStack, rest: str = "") -> Locator:
    """Open the feed as an administrator and return it."""
    sign_in(page, stack, ADMIN)
    page.goto(f"{stack.url}{PAGE}?view=activity{rest}")
    expect(page.get_by_role("heading", name="Activity", level=1)).to_be_visible()
    return page.get_by_role("grid", name="Activity")


def events_of(page: Page, person: str) -> Locator:
    """Return the rows that name a person."""
    return page.locator(".feed-row[data-row]").filter(has_text=person)


def test_feed_tells_who_did_what(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Sentences by day, the newest first, with facts, and the zone of the browser."""
    owner = Owner(stack, person)
    made = owner.post("/v1/tokens", {"name": "Grafana", "scopes": ["api:read"]})
    owner.change(made, name="Wallboard")
    owner.change(made, status="inactive")
    page = new_page(locale="en-GB", timezone_id="Asia/Kolkata")

    feed = open_activity(page, stack)

    expect(page.get_by_text("Times in Asia/Calcutta · kept 400 days")).to_be_visible()
    expect(feed.locator(".feed-day").first).to_contain_text("Today, ")
    rows = events_of(page, person)
    expect(rows.nth(0)).to_contain_text(f"{person} paused Wallboard")
    expect(rows.nth(1)).to_contain_text(f"{person} renamed Wallboard")
    expect(rows.nth(1)).to_contain_text("Before: \u2068Grafana\u2069. Now: \u2068Wallboard\u2069.")
    expect(rows.nth(2)).to_contain_text(f"{person} generated Wallboard")
    expect(rows.nth(2)).to_contain_text("Read, from anywhere, no expiry.")
    expect(rows.nth(3)).to_contain_text(f"{person} signed in for the first time")
    no_violations(page)


def test_filters_and_search_are_in_the_address(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Reload, Back and a sent link show the same."""
    owner = Owner(stack, person)
    owner.change(owner.post("/v1/tokens", {"name": "bot"}), status="inactive")
    page = new_page(locale="en-GB")
    open_activity(page, stack)
    rows = page.locator(".feed-row[data-row]")

    page.get_by_label("Type").select_option(label="Tokens paused")
    expect(page).to_have_url(re.compile("type=token.paused"))
    page.get_by_role("searchbox").fill(person.upper())
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(f"{person} paused bot")
    expect(page.get_by_role("region", name="Activity")).to_contain_text("1 event, that is all")
    page.get_by_label("Time").select_option(label="Last 24 hours")
    expect(page).to_have_url(re.compile("since=1d"))
    page.reload()
    expect(rows).to_have_count(1)
    expect(page.get_by_label("Type")).to_have_value("token.paused")
    expect(page.get_by_label("Time")).to_have_value("1d")
    page.get_by_label("Actor").select_option(label="Administrators")
    expect(page.get_by_text("Nothing happened that matches.")).to_be_visible()
    no_violations(page)
    page.go_back()
    expect(rows).to_have_count(1)


def test_id_of_a_person_or_a_token_finds_their_events(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """An exact id reads the list of this user or token. The string of a token never reaches the address."""
    owner = Owner(stack, person)
    made = owner.post("/v1/tokens", {"name": "bot"})
    owner.post("/v1/tokens", {"name": "another"})
    page = new_page(locale="en-GB")
    open_activity(page, stack, f"&q={owner.me()['id']}")
    rows = page.locator(".feed-row[data-row]")
    expect(rows).to_have_count(3)
    page.get_by_role("searchbox").fill(made["token"])
    expect(page).to_have_url(re.compile(f"q={made['id']}"))
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(f"{person} generated bot")
    assert "bodhi_" not in page.url
    assert page.get_by_role("searchbox").input_value() in ("", made["id"])


def test_search_goes_on_and_says_how_far_it_has_looked(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """A search without hits reads window by window, stops after a while, and goes on at a click."""
    asked: list[str] = []
    page = new_page(locale="en-GB")
    page.on("request", lambda request: asked.append(request.url) if "/v1/events?" in request.url else None)
    open_activity(page, stack, f"&since=all&q=no-{person}")
    end = page.locator(".list-end")
    expect(end).to_contain_text(re.compile(r"No event found\. Looked back to \d+ \w+"))
    expect(end.get_by_role("button", name="Look further back")).to_be_visible()
    assert len(asked) == 20
    end.get_by_role("button", name="Look further back").click()
    expect(end.locator("[aria-busy]")).to_have_count(0)
    expect(end.get_by_role("button", name="Look further back")).to_be_focused()
    assert len(asked) == 40


def test_details_show_all_members(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Enter opens them, ids can be copied, and the focus returns to the row."""
    owner = Owner(stack, person)
    made = owner.post("/v1/tokens", {"name": "bot"})
    owner.change(made, name="\u0646\u0633\u062e\u0629", description="<b>d</b>")
    page = new_page(locale="en-GB", permissions=["clipboard-read", "clipboard-write"])
    open_activity(page, stack)
    row = events_of(page, person).first
    row.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_contain_text("changed the name and description of")
    for text in ("token.changed", made["id"], owner.me()["id"], "127.0.0.0/24", "<b>d</b>"):
        expect(dialog.get_by_text(text, exact=True).first).to_be_visible()
    expect(dialog.locator(".changes tbody tr")).to_have_count(2)
    dialog.get_by_role("button", name="Copy request id").click()
    expect(page.locator("#toasts")).to_contain_text("Request id copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    expect(dialog.get_by_text(copied, exact=True)).to_be_visible()
    no_violations(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(row).to_be_focused()


def test_details_have_the_words_of_the_page(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Times, states and reasons are not shown as the API writes them."""
    owner = Owner(stack, person)
    made = owner.post("/v1/tokens", {"name": "bot", "expires_in_days": 30})
    owner.change(made, status="inactive")
    assert send(stack, "DELETE", f"/v1/tokens/{made['id']}", stack.login(person))[0] == 204
    page = new_page(locale="en-GB", timezone_id="UTC")
    open_activity(page, stack)
    expiry = datetime.fromisoformat(made["expires_at"])
    told = [
        ["Paused Revoked", "By its owner"],
        ["Active Paused"],
        [f"{expiry.day} {expiry:%b %Y}"],
    ]
    for number, texts in enumerate(told):
        row = events_of(page, person).nth(number)
        row.focus()
        page.keyboard.press("Enter")
        changes = page.get_by_role("dialog").locator(".changes")
        for text in texts:
            expect(changes).to_contain_text(re.compile(text.replace(" ", r"\s*")))
        page.keyboard.press("Escape")
        expect(row).to_be_focused()


def test_names_lead_to_the_token_and_the_user(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The token's view opens above the feed, as administrators see it."""
    Owner(stack, person).post("/v1/tokens", {"name": "bot"})
    page = new_page(locale="en-GB")
    open_activity(page, stack)
    events_of(page, person).first.get_by_role("link", name="bot", exact=True).click()
    expect(page.get_by_role("dialog", name="bot")).to_contain_text(f"Owner{person}")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    events_of(page, person).first.get_by_role("link", name=person).click()
    expect(page.get_by_role("heading", name="Users", level=1)).to_be_visible()


def test_keyboard_has_one_stop_for_all_rows(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The arrows move between rows. Tab leaves them."""
    owner = Owner(stack, person)
    for name in ("one", "two"):
        owner.post("/v1/tokens", {"name": name})
    page = new_page(locale="en-GB")
    open_activity(page, stack)
    rows = page.locator(".feed-row[data-row]")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Home")
    expect(rows.first).to_be_focused()
    assert page.locator(".feed [tabindex='0']").count() == 1
    page.keyboard.press("Tab")
    assert page.locator(".feed-row :focus").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_shows_the_feed(new_page: NewPage, stack: LocalStack, person: str, scheme: str) -> None:
    """Nothing is wider than the screen, and the download is an icon with a name."""
    Owner(stack, person).post("/v1/tokens", {"name": "W" * 64})
    for width in (320, 390):
        page = new_page(viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en-GB")
        open_activity(page, stack)
        expect(events_of(page, person).first).to_be_visible()
        expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
        assert overflow(page) == 0
        assert hidden_filters(page) == []
        page.get_by_label("Time", exact=True).select_option(label="Between two days")
        assert hidden_filters(page) == []
        no_violations(page)


def hidden_filters(page: Page) -> list[str]:
    """Return the names of filters that are not whole on the screen, or hide a part of their words."""
    return page.locator(".feed-filters :is(select, input)").evaluate_all(  # type: ignore[no-any-return]
        """filters => filters.filter(filter => {
            const { left, right, width } = filter.getBoundingClientRect();
            const { scrollWidth, clientWidth } = filter.closest('.feed-filters-row');
            return width && (left < 0 || right > innerWidth || width < 120 || scrollWidth > clientWidth);
        }).map(filter => filter.getAttribute('aria-label'))"""
    )


def test_failure_is_said_above_the_rows_and_can_be_tried_again(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """Rows that are shown stay, and a failed first read has its own sentence."""
    complaints.expected = ("503",)
    Owner(stack, person).post("/v1/tokens", {"name": "bot"})
    page = new_page(locale="en-GB")
    fails = [1]

    def fail(route: Route) -> None:
        if fails:
            route.fulfill(status=503, json={"code": "unavailable", "detail": "Try again soon."})
        else:
            route.continue_()

    page.route("**/v1/events?**", fail)
    open_activity(page, stack)
    alert = page.locator(".feed [role=alert]")
    expect(alert).to_contain_text("Try again soon.")
    fails.clear()
    alert.get_by_role("button", name="Try again").click()
    expect(events_of(page, person).first).to_be_visible()
    expect(alert).to_be_hidden()


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file as a spreadsheet reads them."""
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_download_has_what_the_filters_find(
    new_page: NewPage, stack: LocalStack, person: str, tmp_path: Path
) -> None:
    """The file has the events that the search finds. No cell is run as a formula."""
    Owner(stack, person).post("/v1/tokens", {"name": '=HYPERLINK("http://x","y")'})
    page = new_page(locale="en-GB")
    open_activity(page, stack, f"&q={person}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert re.fullmatch(r"activity-\d{4}-\d{2}-\d{2}\.csv", download.value.suggested_filename)
    download.value.save_as(tmp_path / "activity.csv")
    found = rows_of(tmp_path / "activity.csv")
    assert [each["Type"] for each in found] == ["token.created", "user.created"]
    assert found[0]["Token name"].startswith("'=HYPERLINK")
    assert found[0]["User name"] == person
    assert found[0]["Request id"]
    expect(page.locator("#toasts")).to_contain_text("2 events in the file.")


def test_download_says_if_it_is_not_all(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """A list that never ends is cut, and the toast says so."""
    page = new_page(locale="en-GB")
    open_activity(page, stack)
    expect(page.locator(".feed-row[data-row]").first).to_be_visible()
    expect(page.locator(".feed[aria-busy]")).to_have_count(0)
    count = [0]

    def endless(route: Route) -> None:
        count[0] += 1
        events = [
            {
                "id": f"evt_{count[0]}_{number}",
                "type": "user.created",
                "at": "2026-11-01T00:00:00.000Z",
                "token_id": None,
                "request_id": None,
                "changes": {},
                "user": {"id": "usr_1", "name": person},
                "actor": {
                    "kind": "person",
                    "description": "the owner",
                    "id": "usr_1",
                    "name": person,
                    "address": None,
                    "user_agent": None,
                },
            }
            for number in range(100)
        ]
        route.fulfill(json={"events": events, "next_cursor": "more"})

    page.route("**/v1/events?**", endless)
    with page.expect_download():
        page.get_by_role("button", name="Download CSV").click()
    expect(page.locator("#toasts")).to_contain_text("The newest 5,000 events are in the file.")
    assert count[0] == 50


def test_people_without_the_role_have_no_activity(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """The address shows their own tokens instead, and asks nothing that they may not read."""
    page = new_page()
    sign_in(page, stack, person)
    page.goto(f"{stack.url}{PAGE}?view=activity")
    expect(page.get_by_role("heading", name="My tokens", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Activity")).to_be_hidden()
