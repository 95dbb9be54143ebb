"""The list of "My tokens" over time: the clock, other tabs, slow and lost connections."""

import json
import time
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.my_tokens import DAY, banner, box, calls, chip, fill, live, open_list, rows
from tests.page.people import Owner, act, no_violations, row, send, sign_in
from tests.page.scenes import Scene
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

NOT_REFRESHED = "Not refreshed since"


def come_back(page: Page) -> None:
    """Let the page see that its window has the focus again."""
    page.evaluate("window.dispatchEvent(new Event('focus'))")


def refuse(route: Route) -> None:
    """Answer as a server that has a bad minute."""
    problem = {"code": "unavailable", "detail": "Tokens cannot be read right now."}
    route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(problem))


@pytest.fixture
def later(new_page: NewPage, stack: LocalStack, person: str) -> Page:
    """Show three tokens on a page whose clock the test moves."""
    fill(stack, person, *live(2), Scene("sleepy", used=30 * DAY - timedelta(minutes=2)))
    page = new_page()
    page.clock.install(time=time.time())
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(3)
    return page


def test_status_follows_the_clock(later: Page) -> None:
    """A token goes idle while the page is open. The row says so, and everything is read again."""
    expect(row(later, "sleepy")).to_contain_text("Active")
    asked = calls(later)
    later.clock.fast_forward(180_000)

    expect(row(later, "sleepy")).to_contain_text("Idle")
    assert "GET tokens/summary" in asked


def test_token_that_expires_moves_to_the_ended_ones(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """Its deadline passes on an open page. The row moves and keeps the focus."""
    fill(stack, person, *live(1), Scene("short", used=timedelta(minutes=1), expires=timedelta(seconds=8)))
    page = new_page()
    sign_in(page, stack, person)
    expect(page.locator(".live-rows [data-row]")).to_have_count(2)
    row(page, "short").focus()

    expect(page.locator(".ended-rows [data-row]")).to_have_count(1)
    expect(row(page, "short")).to_contain_text("Expired")
    expect(row(page, "short")).to_be_focused()
    expect(chip(page, "ended")).to_contain_text("1 ended")


def test_return_to_the_tab_reads_again_at_most_every_thirty_seconds(later: Page) -> None:
    """A quick glance elsewhere costs nothing."""
    asked = calls(later)
    come_back(later)
    later.clock.run_for(25_000)
    come_back(later)
    assert asked == []
    later.clock.run_for(6_000)
    come_back(later)
    expect(rows(later)).to_have_count(3)
    later.wait_for_timeout(300)
    come_back(later)

    assert sorted(call.split("?")[0] for call in asked) == [
        "GET tokens",
        "GET tokens",
        "GET tokens/summary",
    ]


def test_failed_refresh_keeps_the_rows_and_says_so(later: Page, complaints: Complaints) -> None:
    """The line above the rows has the time and a way to try again. It goes when that works."""
    complaints.expected = ("503",)
    later.route("**/v1/tokens*", refuse)
    later.clock.run_for(40_000)
    come_back(later)
    expect(banner(later)).to_contain_text(f"{NOT_REFRESHED} ")
    expect(banner(later)).to_contain_text("The rows may be old.")
    expect(rows(later)).to_have_count(3)
    no_violations(later)

    later.unroute("**/v1/tokens*")
    banner(later).get_by_role("button", name="Try again").click()
    expect(banner(later)).not_to_contain_text(NOT_REFRESHED)


def test_first_load_that_fails_can_be_tried_again(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """The server's sentence is shown in place of rows. Only a server that is away looks so."""
    complaints.expected = ("503", "ERR_FAILED")
    fill(stack, person, *live(2))
    page = new_page()
    page.route("**/v1/tokens*", lambda route: route.abort())
    sign_in(page, stack, person)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The server could not be reached.")
    away = alert.locator("svg").inner_html()
    page.unroute("**/v1/tokens*")
    page.route("**/v1/tokens*", refuse)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("Your tokens could not be loaded")
    assert alert.locator("svg").inner_html() != away
    expect(page.get_by_role("alert")).to_contain_text("Tokens cannot be read right now.")
    no_violations(page)

    page.unroute("**/v1/tokens*")
    page.get_by_role("button", name="Try again").click()
    expect(rows(page)).to_have_count(2)


def test_slow_network_shows_grey_rows_after_a_while(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """They are not there at once, and give way to the rows."""
    fill(stack, person, *live(2))
    page = new_page()
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(2)
    held: list[Route] = []
    page.route("**/v1/tokens*", lambda route: held.append(route))
    page.reload(wait_until="commit")
    grey = page.locator(".loading-rows")
    expect(grey).to_be_visible()
    assert "appear-late" in grey.evaluate("grey => getComputedStyle(grey).animationName")
    expect(page.get_by_role("heading", name="My tokens")).to_be_visible()
    page.wait_for_timeout(400)
    for route in held:
        route.continue_()
    page.unroute("**/v1/tokens*")

    expect(rows(page)).to_have_count(2)
    expect(grey).to_have_count(0)


def test_offline_is_said_and_ends(later: Page, complaints: Complaints) -> None:
    """Without a network the rows stay and search still works. Back online everything is read again."""
    complaints.expected = ("ERR_INTERNET_DISCONNECTED",)
    later.context.set_offline(True)
    expect(banner(later)).to_contain_text(NOT_REFRESHED)
    box(later).fill("sleepy")
    expect(rows(later)).to_have_count(1)
    later.context.set_offline(False)

    expect(banner(later)).not_to_contain_text(NOT_REFRESHED)


def test_change_in_another_tab_is_seen(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """What one tab changes, the other one shows without a reload."""
    fill(stack, person, *live(3))
    first = new_page()
    sign_in(first, stack, person)
    second = first.context.new_page()
    open_list(second, stack)
    expect(rows(second)).to_have_count(3)
    act(first, "live 1", "Pause")
    second.bring_to_front()

    expect(row(second, "live 1")).to_contain_text("Paused")
    expect(chip(second, "paused")).to_contain_text("1 paused")


def test_change_elsewhere_during_a_reading_is_not_lost(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """The rows that were asked for before an action must not undo what it did."""
    fill(stack, person, *live(2))
    page = new_page()
    page.clock.install(time=time.time())
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(2)
    held: list[tuple[Route, bytes]] = []

    def hold(route: Route) -> None:
        if route.request.method == "GET" and "ended=false" in route.request.url and not held:
            held.append((route, route.fetch().body()))
        else:
            route.continue_()

    page.route("**/v1/tokens*", hold)
    page.clock.run_for(31_000)
    come_back(page)
    page.wait_for_timeout(500)
    assert len(held) == 1
    act(page, "live 0", "Pause")
    expect(row(page, "live 0")).to_contain_text("Paused")
    route, old = held[0]
    route.fulfill(body=old, content_type="application/json")
    page.wait_for_timeout(500)

    expect(row(page, "live 0")).to_contain_text("Paused")


def test_token_from_elsewhere_appears_on_return(later: Page, stack: LocalStack, person: str) -> None:
    """A token that a program generated is there when the window has the focus again."""
    token = Owner(stack, person).post("/v1/tokens", {"name": "new one"})
    assert send(stack, "GET", f"/v1/tokens/{token['id']}", stack.login(person))[0] == 200
    later.clock.run_for(31_000)
    come_back(later)

    expect(row(later, "new one")).to_be_visible()
