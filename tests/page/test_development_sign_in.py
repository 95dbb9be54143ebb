"""The development provider's sign-in page, in a real browser. It is part of the local stack only."""

import pytest
from playwright.sync_api import Page, Request, expect

from infra.local.programs import ACCOUNTS
from tests.page.people import PAGE, no_violations, overflow, sign_in
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack


def visit(page: Page, stack: LocalStack) -> list[str]:
    """Go to the sign-in page. Return the addresses that the browser asks for from now on."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto(f"{stack.url}{PAGE}")
    expect(page.get_by_role("heading", name="Sign in to Bodhi")).to_be_visible()
    return asked


def test_it_says_that_it_is_for_development(new_page: NewPage, stack: LocalStack) -> None:
    """A person cannot take it for the sign-in of a deployed service."""
    page = new_page()
    visit(page, stack)

    expect(page.get_by_text("Development sign-in, no password")).to_be_visible()
    expect(page.get_by_text("This page is part of the local stack and")).to_be_visible()
    expect(page.locator(".note")).to_contain_text("Deployed, your own provider asks instead.")
    expect(page.get_by_role("button", name="Ada Admin")).to_contain_text("Administrator")
    expect(page.get_by_role("button", name="Usha User")).not_to_contain_text("Administrator")


def test_it_loads_nothing_from_elsewhere(
    new_page: NewPage, stack: LocalStack, complaints: Complaints
) -> None:
    """Its style is served by the provider itself. The provider's other pages are like it."""
    complaints.expected = ("400",)
    page = new_page()
    asked = visit(page, stack)
    for path in ("/", "/oauth2/authorize?response_type=x", "/oauth2/end_session"):
        page.goto(f"{stack.settings.oidc_url}{path}")
        expect(page.locator("h1")).to_be_visible()

    ours = (f"{stack.url}/", f"{stack.settings.oidc_url}/")
    assert [url for url in asked if not url.startswith(ours)] == []
    assert f"{stack.settings.oidc_url}/sign-in.css" in asked


@pytest.mark.parametrize(("address", "name"), ACCOUNTS.items())
def test_one_click_signs_in(new_page: NewPage, stack: LocalStack, address: str, name: str) -> None:
    """Each account is one button."""
    page = new_page()
    visit(page, stack)

    page.get_by_role("button", name=name).click()

    expect(page).to_have_url(f"{stack.url}{PAGE}")
    assert address in (page.locator("body").get_attribute("data-user") or "")


def test_keyboard_is_enough(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The accounts come first, then the field for another address, which Enter sends."""
    page = new_page()
    visit(page, stack)
    for name in ACCOUNTS.values():
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=name)).to_be_focused()
    # The people of other tests may be offered too.
    offered = page.get_by_role("button").count() - len(ACCOUNTS)
    for _ in range(offered + 1):
        page.keyboard.press("Tab")
        if page.get_by_label("Another person").evaluate("field => field === document.activeElement"):
            break
    expect(page.get_by_label("Another person")).to_be_focused()

    page.keyboard.type(person)
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{stack.url}{PAGE}")
    assert person in (page.locator("body").get_attribute("data-user") or "")


def test_last_people_are_offered_again(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """An address that was typed once is a button the next time."""
    sign_in(new_page(), stack, person)
    page = new_page()
    visit(page, stack)

    page.get_by_role("button", name=person).click()

    expect(page).to_have_url(f"{stack.url}{PAGE}")


def test_cancelling_is_told_by_the_service(
    new_page: NewPage, stack: LocalStack, complaints: Complaints
) -> None:
    """A developer can see what a person sees who cancels."""
    complaints.expected = ("400",)
    page = new_page()
    visit(page, stack)

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("heading", name="Sign-in cancelled")).to_be_visible()


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_it_is_accessible_and_fits(
    new_page: NewPage, stack: LocalStack, color_scheme: str, width: int
) -> None:
    """axe finds no fault, and nothing needs sideways scrolling."""
    page = new_page(color_scheme=color_scheme, viewport={"width": width, "height": 640})
    visit(page, stack)

    no_violations(page)
    assert overflow(page) == 0
