"""The names of users at the page, in a real browser. An unverified e-mail is never the name."""

import html
import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.people import (
    PAGE,
    act,
    generate,
    leave_uncopied,
    no_violations,
    overflow,
    row,
    sign_in,
)
from tests.support.browser import NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

EMAIL, SUBJECT = "ceo@acme.example", "subject-1"
UNVERIFIED = {"email": EMAIL, "email_verified": False, "subject": SUBJECT}
VERIFIED = {**UNVERIFIED, "email_verified": True}

# The members of a user, the name at the page, and the text beside it.
USERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "unverified with a name": ({**UNVERIFIED, "name": "Una"}, "Una", f"{EMAIL} unverified"),
    "unverified without a name": ({**UNVERIFIED, "name": ""}, SUBJECT, f"{EMAIL} unverified"),
    "unverified and copied to the name": ({**UNVERIFIED, "name": EMAIL}, SUBJECT, f"{EMAIL} unverified"),
    "unverified and the subject": (
        {**UNVERIFIED, "name": "", "subject": EMAIL},
        EMAIL,
        f"{EMAIL} unverified",
    ),
    "of a server that does not say": (
        {"email": EMAIL, "subject": SUBJECT, "name": ""},
        SUBJECT,
        f"{EMAIL} unverified",
    ),
    "verified with a name": ({**VERIFIED, "name": "Una"}, "Una", EMAIL),
    "verified without a name": ({**VERIFIED, "name": ""}, EMAIL, ""),
    "without an e-mail": (
        {"email": "", "email_verified": False, "subject": SUBJECT, "name": ""},
        SUBJECT,
        "",
    ),
}


def a_user(number: int, members: dict[str, Any]) -> dict[str, Any]:
    """Return a user as the API shows it to administrators."""
    usual = {
        "id": f"usr_{number}",
        "issuer": "https://login.example.com",
        "role": "user",
        "status": "active",
    }
    times = {"created_at": "2026-01-31T12:00:00.000Z", "updated_at": "2026-01-31T12:00:00.000Z"}
    return {**usual, **times, "effective_by": None, **members}


def respond_with(page: Page, pattern: str, document: Any) -> None:
    """Let the server return this document."""
    body = json.dumps(document)
    page.route(pattern, lambda route: route.fulfill(body=body, content_type="application/json"))


def test_users_are_not_named_by_an_unverified_email(new_page: NewPage, stack: LocalStack) -> None:
    """The row, its buttons and its dialogs show the name. An unverified e-mail is beside it, marked."""
    page = new_page(reduced_motion="reduce")
    sign_in(page, stack, "admin@example.com")
    here = {"issuer": stack.settings.oidc_url}
    users = [a_user(number, here | members) for number, (members, _, _) in enumerate(USERS.values())]
    respond_with(page, "**/v1/users?*", {"users": users, "next_cursor": None})
    respond_with(page, "**/v1/users/*/tokens/summary", {"not_ended": 0, "is_complete": True})
    page.get_by_role("link", name="Users", exact=True).click()
    rows = page.locator("section:not([hidden]) [data-row]")
    expect(rows).to_have_count(len(USERS))
    for number, (_, name, beside) in enumerate(USERS.values()):
        found = rows.nth(number)
        expect(found.locator(".name")).to_have_text(name)
        expect(found.locator(".description")).to_have_text([beside] if beside else [])
        expect(found.get_by_role("button", name=f"Actions of {name}", exact=True)).to_be_visible()
    no_violations(page)
    rows.nth(1).get_by_role("button", name=f"Actions of {SUBJECT}").click()
    page.get_by_role("menuitem", name="Deactivate…").click()
    expect(page.get_by_role("heading", name=f"Deactivate {SUBJECT}?")).to_be_visible()


def test_tokens_of_a_user_are_not_headed_by_an_unverified_email(
    new_page: NewPage, stack: LocalStack
) -> None:
    """The filter by owner shows the subject."""
    page = new_page()
    sign_in(page, stack, "admin@example.com")
    respond_with(page, "**/v1/users/usr_1", a_user(1, {**UNVERIFIED, "name": EMAIL}))
    respond_with(page, "**/v1/admin/tokens?*", {"tokens": [], "next_cursor": None})
    page.goto(f"{stack.url}{PAGE}?view=all&user=usr_1")
    expect(page.get_by_role("button", name=f"Owner: {SUBJECT}", exact=True)).to_be_visible()


@pytest.mark.parametrize("members", USERS.values(), ids=USERS.keys())
def test_page_says_who_is_signed_in(
    new_page: NewPage, stack: LocalStack, person: str, members: tuple[dict[str, Any], str, str]
) -> None:
    """The head of the page names the signed-in user by the same rule."""
    me, name, beside = members
    page = new_page(viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    sign_in(page, stack, person)

    def as_another(route: Route) -> None:
        source = route.fetch().text()
        start = source.index('data-user="') + len('data-user="')
        end = source.index('"', start)
        shown = {**json.loads(html.unescape(source[start:end])), **me}
        if "email_verified" not in me:
            shown.pop("email_verified", None)
        route.fulfill(
            body=source[:start] + html.escape(json.dumps(shown)) + source[end:], content_type="text/html"
        )

    page.route(f"**{PAGE}", as_another)
    page.goto(f"{stack.url}{PAGE}")
    page.get_by_role("button", name=f"Account of {name}", exact=True).click()
    head = page.get_by_role("menu", name="Account").locator(".menu-head")
    expect(head.locator("strong")).to_have_text(name)
    expect(head).to_have_text(f"{name}{beside}")
    assert overflow(page) <= 0
    no_violations(page)


def test_edit_sends_only_what_changed(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """An old name that would be refused today does not block a new description."""
    page = new_page()
    sign_in(page, stack, person)
    generate(page, "ci")
    leave_uncopied(page)
    sent: list[Any] = []

    def watch(route: Route) -> None:
        if route.request.method == "PATCH":
            sent.append(route.request.post_data_json)
        route.continue_()

    page.route("**/v1/tokens/*", watch)
    act(page, "ci", "Edit")
    page.get_by_role("dialog").get_by_label("Description").fill("at night")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "ci")).to_contain_text("at night")
    assert sent == [{"description": "at night"}]
