"""All tokens, for administrators, in a real browser: finding tokens, and the rows."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.page.people import (
    Owner,
    fits_in_both_themes,
    no_violations,
    open_console,
    overflow,
    rows_of,
    send,
)
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

ADMIN = "admin@example.com"
LIST = re.compile(r"/v1/admin/tokens\?")
OLD = "2026-01-31T12:00:00.000Z"
HOSTILE = "<img src=x onerror=alert(1)>\u202e" + "long" * 20


@pytest.fixture
def open_all(new_page: NewPage, stack: LocalStack) -> Callable[..., Page]:
    """Return a function that opens All tokens with a query of the address, for an administrator."""

    def open_view(query: str = "", **options: Any) -> Page:
        # Contrast is measured, so no panel may be half shown.
        page = new_page(reduced_motion="reduce", **options)
        return open_console(page, stack, "all", "All tokens", query)

    return open_view


def search(page: Page, text: str) -> None:
    """Search for a text."""
    page.get_by_role("searchbox", name="Name, owner, or token id").fill(text)


def names(page: Page) -> Locator:
    """Return the names in the rows."""
    return rows_of(page).locator(".name")


def a_token(number: int, **members: Any) -> dict[str, Any]:
    """Return a token as the API lists it for administrators."""
    token_id = f"tok_0{number:035d}"
    usual = {
        "id": token_id, "name": f"token {number}", "description": "", "scopes": ["api:read"],
        "status": "active", "created_at": OLD, "updated_at": OLD,
        "last_used_at": None, "last_used_from": None, "idle_at": "2099-01-31T12:00:00.000Z",
        "expires_at": None, "allowed_networks": [], "effective_by": None, "revoked_at": None,
        "revoked_reason": None, "revoked_by": None, "predecessor_id": None, "successor_id": None,
        "self_rotated": False, "overlap_ends_at": None, "reuse_count": 0, "last_reused_at": None,
        "refused": {"count": 0, "last_at": None, "last_reason": None, "last_from": None},
        "owner": {"id": f"usr_{'a' * 32}", "name": "Ada", "email": None, "status": "active"},
        "usage": [0] * 30,
    }  # fmt: skip
    return {**usual, **members}


def lists(page: Page, *pages: list[dict[str, Any]]) -> list[dict[str, list[str]]]:
    """Let the server list these pages. Return the queries that it gets."""
    asked: list[dict[str, list[str]]] = []

    def respond(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        cursor = query.get("cursor", ["0"])[0]
        if not cursor.isdigit():
            # The list that the page showed before these pages is still being read.
            route.fulfill(json={"tokens": [], "next_cursor": None})
            return
        asked.append(query)
        at = int(cursor)
        following = str(at + 1) if at + 1 < len(pages) else None
        route.fulfill(json={"tokens": pages[at], "next_cursor": following})

    page.route(LIST, respond)
    return asked


def test_search_finds_names_owners_ids_and_pasted_tokens(
    open_all: Callable[..., Page], stack: LocalStack, person: str
) -> None:
    """One box finds all of them. The string of a token stays in the browser."""
    owner = Owner(stack, person)
    token = owner.post("/v1/tokens", {"name": f"Deploy {person}"})
    other = owner.post("/v1/tokens", {"name": "Other"})
    page = open_all()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url + (request.post_data or "")))
    search(page, f"deploy {person}")
    expect(names(page)).to_have_text([f"Deploy {person}"])
    expect(page).to_have_url(re.compile("q=deploy"))
    search(page, person)
    # The one whose name has the text is found first, but a token that was never used has no last use.
    expect(rows_of(page)).to_have_count(2)
    search(page, other["id"])
    expect(names(page)).to_have_text(["Other"])
    page.get_by_role("searchbox").fill(token["token"])
    expect(names(page)).to_have_text([f"Deploy {person}"])
    expect(page.locator(".toast").last).to_contain_text("The string stayed in this browser.")
    assert not [text for text in [*asked, page.url] if "bodhi_" in text]
    search(page, "no such thing")
    expect(page.get_by_text("No token matches “no such thing”.")).to_be_visible()
    no_violations(page)
    page.get_by_role("button", name="Clear the search").click()
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(rows_of(page).first).to_be_visible()


def test_filters_are_in_the_address(open_all: Callable[..., Page], stack: LocalStack, person: str) -> None:
    """Reload, back and a sent link show the same filters. The API gets them."""
    owner = Owner(stack, person)
    paused = owner.post("/v1/tokens", {"name": "paused"})
    owner.post("/v1/tokens", {"name": "ends soon", "expires_in_days": 3})
    owner.change(paused, status="inactive")
    page = open_all(f"&user={owner.me()['id']}", viewport={"width": 1440, "height": 900})
    expect(rows_of(page)).to_have_count(2)
    expect(page.locator(".picker")).to_contain_text(person)
    page.get_by_label("Status").select_option("Paused or stopped")
    expect(names(page)).to_have_text(["paused"])
    expect(page).to_have_url(re.compile("status=inactive"))
    page.reload()
    expect(page.get_by_label("Status")).to_have_value("inactive")
    expect(names(page)).to_have_text(["paused"])
    page.get_by_label("Status").select_option("Any status")
    chip = page.get_by_role("button", name="Expires within 7 days")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(names(page)).to_have_text(["ends soon"])
    page.get_by_role("button", name="Without expiry").click()
    expect(page.get_by_text("No token matches these filters.")).to_be_visible()
    page.go_back()
    expect(names(page)).to_have_text(["ends soon"])
    page.go_back()
    expect(rows_of(page)).to_have_count(2)
    expect(chip).to_have_attribute("aria-pressed", "false")


def test_owner_is_chosen_by_keyboard(open_all: Callable[..., Page], stack: LocalStack, person: str) -> None:
    """The owner's filter searches users. The focus returns to its button."""
    owner = Owner(stack, person)
    owner.post("/v1/tokens", {"name": "mine"})
    page = open_all()
    picker = page.locator(".picker")
    picker.focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("combobox", name="Search owners")
    expect(box).to_be_focused()
    box.fill(person)
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(2)
    no_violations(page)
    # The focus stays in the box, so the note is announced. It is not an option.
    box.fill("no such person")
    expect(page.locator(".panel").get_by_role("status")).to_have_text("No user matches.")
    expect(page.get_by_role("listbox").locator("> :not([role=option])")).to_have_count(0)
    no_violations(page)
    box.fill(person)
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(2)
    expect(page.locator(".panel").get_by_role("status")).to_be_hidden()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(names(page)).to_have_text(["mine"])
    expect(picker).to_be_focused()
    assert f"user={owner.me()['id']}" in page.url
    page.keyboard.press("Enter")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(picker).to_be_focused()


def test_owner_filter_takes_no_token(open_all: Callable[..., Page], stack: LocalStack, person: str) -> None:
    """The string of a token in the search of owners stays in the browser, and the box is empty."""
    token = Owner(stack, person).post("/v1/tokens", {"name": "mine"})["token"]
    page = open_all()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".picker").click()
    box = page.get_by_role("combobox", name="Search owners")
    box.fill(token)
    expect(page.get_by_text("This is a token. Search for it under All tokens.")).to_be_visible()
    expect(box).to_have_value("")
    box.fill(person)
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(2)
    assert not [url for url in asked if "bodhi_" in url]


@pytest.mark.parametrize("width", [1279, 390, 320])
def test_narrow_screens_reach_all_filters(open_all: Callable[..., Page], width: int) -> None:
    """The six filters are in a panel. Those that are chosen stay in view, and nothing scrolls sideways."""
    page = open_all(viewport={"width": width, "height": 800})
    more = page.get_by_role("button", name="More filters")
    more.click()
    panel = page.get_by_role("dialog", name="More filters")
    expect(panel.get_by_role("checkbox")).to_have_count(6)
    expect(panel.get_by_role("checkbox").first).to_be_focused()
    panel.get_by_label("Refused").check()
    no_violations(page)
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    chip = page.get_by_role("button", name="Refused")
    expect(chip).to_be_visible()
    assert overflow(page) <= 0
    chip.focus()
    page.keyboard.press("Enter")
    expect(more).to_be_focused()
    assert "show=" not in page.url


def test_search_with_few_hits_goes_on(open_all: Callable[..., Page]) -> None:
    """It reads short and empty pages, at most twenty at a time, and says how far it has looked."""
    page = open_all()
    pages = [[a_token(1)], *[[] for _ in range(24)], [a_token(2)]]
    asked = lists(page, *pages)
    search(page, "tok_few")
    end = page.locator("section:not([hidden]) .list-end")
    expect(end).to_contain_text("1 token shown. Looked at 20 pages so far")
    assert len(asked) == 20
    end.get_by_role("button", name="Show more").click()
    expect(names(page)).to_have_text(["token 1", "token 2"])
    expect(rows_of(page).last).to_be_focused()


def test_rows_have_one_tab_stop_and_a_menu(
    open_all: Callable[..., Page], stack: LocalStack, person: str
) -> None:
    """The arrows move, Right opens the menu, Enter opens the token."""
    owner = Owner(stack, person)
    for number in range(3):
        owner.post("/v1/tokens", {"name": f"row {number}"})
    page = open_all(f"&user={owner.me()['id']}")
    expect(rows_of(page)).to_have_count(3)
    assert rows_of(page).evaluate_all("rows => rows.filter(row => row.tabIndex === 0).length") == 1
    rows_of(page).first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows_of(page).nth(1)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("menu")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Open")).to_be_focused()
    expect(page.get_by_role("menuitem", name="Rotate")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(rows_of(page).nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("token=tok_.*owner=usr_|owner=usr_.*token=tok_"))
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_order_is_in_the_address(open_all: Callable[..., Page]) -> None:
    """A whole list can be sorted. Tokens without a value are last in both directions."""
    page = open_all()
    used = [{"last_used_at": f"2026-02-0{day}T12:00:00.000Z"} for day in (1, 3, 2)]
    lists(page, [a_token(number, **members) for number, members in enumerate([*used, {}])])
    search(page, "any")
    expect(names(page)).to_have_text(["token 1", "token 2", "token 0", "token 3"])
    page.get_by_role("button", name="Last used").click()
    expect(names(page)).to_have_text(["token 0", "token 2", "token 1", "token 3"])
    expect(page).to_have_url(re.compile("sort=use"))
    page.reload()
    expect(names(page)).to_have_text(["token 0", "token 2", "token 1", "token 3"])
    expect(page.get_by_role("columnheader", name="Last used")).to_have_attribute("aria-sort", "ascending")


@pytest.mark.parametrize("width", [1440, 390, 320])
def test_names_are_text(open_all: Callable[..., Page], width: int) -> None:
    """Hostile and very long names fit the screen and do nothing."""
    page = open_all(viewport={"width": width, "height": 800})
    owner = {"id": f"usr_{'a' * 32}", "name": HOSTILE, "email": f"{'x' * 90}@example.com"}
    lists(page, [
        a_token(1, name=HOSTILE, description=HOSTILE, owner=owner), a_token(2, name=""),
        a_token(3, owner={**owner, "name": "", "email": None}, status="revoked", revoked_reason="exposed",
                revoked_at="2026-02-01T12:00:00.000Z"),
    ])  # fmt: skip
    search(page, "any")
    expect(names(page)).to_have_text([HOSTILE, "Unnamed token", "token 3"])
    expect(rows_of(page).last).to_contain_text("Removed user")
    expect(page.locator("main img")).to_have_count(0)
    rows_of(page).first.locator(".tick").check()
    expect(page.get_by_role("region", name="Selected tokens")).to_be_visible()
    fits_in_both_themes(page)


def test_file_has_what_matches_and_no_formulas(
    open_all: Callable[..., Page], stack: LocalStack, person: str
) -> None:
    """The download goes through all pages. Cells that begin like a formula are escaped."""
    owner = Owner(stack, person)
    for name in ('=HYPERLINK("http://x")', 'a "quoted", name'):
        owner.post("/v1/tokens", {"name": name})
    page = open_all(f"&user={owner.me()['id']}")
    expect(rows_of(page)).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    found = list(csv.DictReader(io.StringIO(text)))
    assert {line["Name"] for line in found} == {'\'=HYPERLINK("http://x")', 'a "quoted", name'}
    assert {line["Owner id"] for line in found} == {owner.me()["id"]}
    assert re.fullmatch(r"api-tokens-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    expect(page.locator(".toast")).to_contain_text("2 tokens in the file.")


@pytest.mark.parametrize("width", [1440, 1024, 768, 390, 320])
def test_token_of_a_deactivated_owner_says_why_it_is_refused(
    open_all: Callable[..., Page], stack: LocalStack, person: str, width: int
) -> None:
    """The list, the file and the token's own view say it. The way back leads through the owner."""
    owner = Owner(stack, person)
    owner.post("/v1/tokens", {"name": "ci"})
    user_id = owner.me()["id"]
    jwt = stack.login(ADMIN)
    assert send(stack, "PATCH", f"/v1/users/{user_id}", jwt, {"status": "inactive"})[0] == 200
    page = open_all(f"&user={user_id}", viewport={"width": width, "height": 900})
    row = rows_of(page)
    expect(row.locator(".cell-status")).to_contain_text("Stopped")
    expect(row.locator(".cell-owner .second")).to_be_visible()
    expect(row.locator(".cell-owner .second")).to_contain_text("Deactivated")
    fits_in_both_themes(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    (line,) = csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig")))
    assert (line["Status"], line["Owner status"]) == ("inactive", "inactive")
    row.locator("[data-menu]").click()
    item = page.get_by_role("menuitem", name="Pause")
    expect(item).to_have_attribute("aria-disabled", "true")
    expect(item).to_contain_text("Its owner is deactivated")
    page.get_by_role("menuitem", name="Open").click()
    view = page.locator(".token-view")
    expect(view.locator(".token-head")).to_contain_text("Stopped")
    expect(view.locator(".note")).to_contain_text(
        f"Its owner is deactivated. Its use is refused until {person} is active again."
    )
    expect(view.get_by_role("button", name="Re-activate")).to_have_count(0)
    fits_in_both_themes(page)
    view.get_by_role("link", name="Show the owner").click()
    expect(rows_of(page)).to_contain_text(["1 token stopped" if width >= 700 else "Deactivated"])


def test_failure_says_why_and_tries_again(
    open_all: Callable[..., Page], complaints: Complaints, stack: LocalStack, person: str
) -> None:
    """A list that could not be read is no empty list. A refresh that fails keeps the rows."""
    complaints.expected = ("Failed to load resource", "ERR_FAILED")
    Owner(stack, person).post("/v1/tokens", {"name": "ci"})
    page = open_all()
    expect(rows_of(page).first).to_be_visible()
    page.route(LIST, lambda route: route.abort())
    page.evaluate(
        "import(document.querySelector('script[type=module]').src.replace('page.js', 'changes.js'))"
        ".then(({ tellStale }) => tellStale())"
    )
    note = page.locator("section:not([hidden]) .table-banner")
    expect(note).to_contain_text("Not refreshed since")
    expect(rows_of(page).first).to_be_visible()
    no_violations(page)
    everything = page.get_by_role("checkbox", name="Select all rows")
    expect(everything).to_be_enabled()
    search(page, "else")
    expect(note).to_contain_text("The server could not be reached.")
    expect(rows_of(page)).to_have_count(0)
    expect(everything).to_be_disabled()
    page.unroute(LIST)
    note.get_by_role("button", name="Try again").click()
    expect(note).to_be_hidden()


def test_list_without_tokens_says_so(open_all: Callable[..., Page]) -> None:
    """The empty list says what will be there."""
    page = open_all()
    lists(page, [])
    page.reload()
    expect(page.get_by_role("heading", name="No tokens yet")).to_be_visible()
    no_violations(page)


def test_address_of_a_single_owner_survives_a_removal(
    open_all: Callable[..., Page], stack: LocalStack, person: str
) -> None:
    """The tokens of a removed user are still found, without a name."""
    owner = Owner(stack, person)
    owner.post("/v1/tokens", {"name": "left behind"})
    user_id = owner.me()["id"]
    assert send(stack, "DELETE", f"/v1/users/{user_id}", stack.login(ADMIN))[0] == 204
    page = open_all(f"&user={user_id}")
    expect(rows_of(page)).to_contain_text(["Removed user"])
    expect(rows_of(page)).to_contain_text(["Revoked"])
