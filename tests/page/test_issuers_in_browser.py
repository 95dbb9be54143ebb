"""Users of another issuer at the page, in a real browser."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.people import PAGE, no_violations, overflow, sign_in
from tests.page.test_people_in_browser import a_user
from tests.support.browser import NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

OTHER = "https://other.example.com/" + "long/" * 30 + "<b>tenant</b>"


def test_users_of_another_issuer_are_marked_and_filtered(new_page: NewPage, stack: LocalStack) -> None:
    """The filter appears if there are two issuers, filters at the server, and can be cleared."""
    page = new_page(viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    sign_in(page, stack, "admin@example.com")
    users = [a_user(0, {"issuer": stack.settings.oidc_url, "subject": "here", "name": "", "email": ""})]
    asked: list[str] = []

    def respond(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        asked.extend(query.get("issuer", ["all"]))
        found = [user for user in users if query.get("issuer", [user["issuer"]]) == [user["issuer"]]]
        if "inactive" in query.get("status", []):
            found = []
        body = json.dumps({"users": found, "next_cursor": None})
        route.fulfill(body=body, content_type="application/json")

    page.route("**/v1/users?*", respond)
    page.goto(f"{stack.url}{PAGE}?view=users")
    rows = page.locator("section:not([hidden]) [data-row]")
    issuers = page.get_by_label("Issuer", exact=True)
    expect(rows).to_have_count(1)
    expect(issuers).to_be_hidden()
    expect(rows.locator(".cell-issuer")).to_be_hidden()

    users.append(a_user(1, {"issuer": OTHER, "subject": "there", "name": "", "email": ""}))
    _reload(page)
    expect(rows).to_have_count(2)
    expect(rows.nth(1).locator(".cell-issuer > div")).to_have_attribute("title", OTHER)
    expect(rows.nth(1).locator(".cell-issuer")).to_be_visible()
    expect(issuers.locator("option")).to_have_text(["Any issuer", stack.settings.oidc_url, OTHER])
    assert overflow(page) <= 0
    no_violations(page)

    issuers.select_option(OTHER)
    expect(rows.locator(".name")).to_have_text(["there"])
    assert asked[-1] == OTHER
    # The choice stays, although one issuer is listed now.
    expect(issuers).to_be_visible()
    issuers.select_option("Any issuer")
    expect(rows).to_have_count(2)
    issuers.select_option(OTHER)
    # No user of theirs is deactivated.
    page.goto(f"{page.url}&show=deactivated")
    expect(issuers).to_have_value(OTHER)
    page.get_by_role("button", name="Show all users").click()
    expect(rows).to_have_count(2)
    expect(issuers).to_have_value("")


def _reload(page: Page) -> None:
    page.get_by_role("searchbox").fill("any")
    expect(page).to_have_url(re.compile("q=any"))
    page.get_by_role("searchbox").fill("")
    expect(page).not_to_have_url(re.compile("q="))
