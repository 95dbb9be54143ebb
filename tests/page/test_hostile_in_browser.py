"""What no friendly person or server does to the page: two people, double clicks, strange addresses."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.people import PAGE, Owner, act, generate, leave_uncopied, open_generate, row, sign_in
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]


def sign_in_beside(page: Page, stack: LocalStack, subject: str) -> None:
    """Sign in as another person in a second tab."""
    other = page.context.new_page()
    other.goto(f"{stack.url}/login?return_to={PAGE}")
    other.locator("input[name=sub]").fill(subject)
    other.locator("input[name=sub]").press("Enter")
    expect(other.get_by_role("heading", name="My tokens", exact=True)).to_be_visible()


def test_page_of_another_person_goes_when_somebody_signs_in(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """A tab shows nothing of a person after another has signed in in a second tab, without a click."""
    Owner(stack, person).post("/v1/tokens", {"name": "of the first"})
    Owner(stack, f"2{person}").post("/v1/tokens", {"name": "of the second"})
    page = new_page()
    sign_in(page, stack, person)
    expect(row(page, "of the first")).to_be_visible()
    sign_in_beside(page, stack, f"2{person}")
    expect(row(page, "of the second")).to_be_visible()
    expect(page.get_by_text("of the first")).to_have_count(0)


def test_second_click_on_an_action_does_nothing(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """While a token is being kept alive, the same action is not sent again."""
    Owner(stack, person).post("/v1/tokens", {"name": "once"})
    page = new_page()
    sign_in(page, stack, person)
    waiting: list[Route] = []
    page.route("**/keep-alive", lambda route: waiting.append(route))
    with page.expect_request("**/keep-alive"):
        act(page, "once", "Keep alive")
    act(page, "once", "Keep alive")
    page.wait_for_timeout(300)
    assert len(waiting) == 1
    waiting[0].continue_()
    expect(page.locator(".toast").get_by_text("once stays alive until")).to_be_visible()
    with page.expect_request("**/keep-alive"):
        act(page, "once", "Keep alive")


@pytest.mark.parametrize("module", ["edit", "rotate"])
def test_dialog_whose_code_is_missing_says_so(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints, module: str
) -> None:
    """If the network fails when a dialog is opened, the page says so, and the next click opens it."""
    complaints.expected = ("Failed to load resource",)
    Owner(stack, person).post("/v1/tokens", {"name": "apart"})
    page = new_page()
    sign_in(page, stack, person)
    page.route(f"**/{module}.js", lambda route: route.abort())
    act(page, "apart", module.capitalize())
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")


def test_string_in_the_address_is_removed(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The string of a token that was put into the address bar leaves it, and the history."""
    page = new_page()
    sign_in(page, stack, person)
    page.goto(f"{stack.url}{PAGE}?show=live&q=bodhi_eyJhbGciOi#bodhi_eyJhbGciOi")
    expect(page).to_have_url(f"{stack.url}{PAGE}?show=live")
    page.evaluate("location.hash = 'bodhi_eyJhbGciOi'")
    expect(page).to_have_url(f"{stack.url}{PAGE}?show=live")


def test_strange_addresses_show_the_page(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """Members that no link has are as good as none."""
    complaints.expected = ("status of 404",)
    Owner(stack, person).post("/v1/tokens", {"name": "there"})
    page = new_page(viewport={"width": 390, "height": 800})
    sign_in(page, stack, person)
    for query in (f"q={'a' * 5000}", "view=__proto__", "sort=constructor", "show=__proto__"):
        page.goto(f"{stack.url}{PAGE}?{query}")
        expect(row(page, "there")).to_be_visible()
    page.goto(f"{stack.url}{PAGE}?view=constructor&token=tok_1")
    expect(page.get_by_role("navigation", name="Back")).to_have_text("My tokens")


def test_response_that_is_no_list_is_told(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """A response of another shape is a failure in the page's own words."""
    page = new_page()
    sign_in(page, stack, person)
    page.route("**/v1/**", lambda route: route.fulfill(body="{}", content_type="application/json"))
    page.reload()
    expect(page.get_by_text("The server sent a response that this page cannot read.")).to_be_visible()


def test_closed_token_is_nowhere(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """After the dialog has closed, nothing has the string, and Back leads to the page before."""
    page = new_page()
    sign_in(page, stack, person)
    page.goto(f"{stack.url}{PAGE}?show=live")
    token = generate(page, "gone")
    leave_uncopied(page)
    kept = page.evaluate("""() => [document.documentElement.outerHTML, document.title, location.href,
        JSON.stringify([history.state, localStorage, sessionStorage]),
        ...[...document.querySelectorAll('input')].map((input) => input.value)].join()""")
    assert token[-40:] not in kept
    page.go_back()
    expect(page).to_have_url(f"{stack.url}{PAGE}")
    expect(row(page, "gone")).to_be_visible()


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"token": null}'])
def test_response_without_a_token_is_told(
    new_page: NewPage, stack: LocalStack, person: str, body: str
) -> None:
    """If the response has no string, the page does not say that a token is ready, and the form stays."""
    page = new_page()
    sign_in(page, stack, person)
    page.route(
        "**/v1/tokens",
        lambda route: route.fulfill(status=201, body=body, content_type="application/json"),
    )
    dialog = open_generate(page)
    dialog.get_by_role("button", name="Generate", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("a response that this page cannot read")
    expect(dialog.get_by_label("Name", exact=True)).to_be_visible()


def test_offer_to_undo_a_pause_goes_with_the_pause(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """After a re-activation nothing says any more that the token is paused."""
    Owner(stack, person).post("/v1/tokens", {"name": "bot"})
    page = new_page()
    sign_in(page, stack, person)
    act(page, "bot", "Pause")
    # Screen readers get the words too.
    toasts = page.locator(".toast")
    expect(toasts.get_by_text("bot is paused.")).to_be_visible()
    act(page, "bot", "Re-activate")
    expect(toasts.get_by_text("bot is active again.")).to_be_visible()
    expect(toasts.get_by_text("bot is paused.")).to_have_count(0)
