"""What no friendly person or server does to the page: two people, double clicks, strange addresses."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.people import (
    PAGE,
    Owner,
    act,
    generate,
    leave_uncopied,
    no_violations,
    open_generate,
    overflow,
    row,
    sign_in,
)
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


@pytest.mark.parametrize(
    "path", ["/v1/tokens/summary", "/v1/tokens?*ended=false*", "/v1/tokens?*ended=true*"]
)
def test_response_that_lacks_members_is_told(
    new_page: NewPage, stack: LocalStack, person: str, path: str
) -> None:
    """An empty summary or token is a failure too. What was shown before stays, and "Try again" works."""
    Owner(stack, person).post("/v1/tokens", {"name": "there"})
    page = new_page()
    sign_in(page, stack, person)
    expect(row(page, "there")).to_be_visible()

    def empty(route: Route) -> None:
        route.fulfill(json={} if "summary" in path else {"tokens": [{}], "next_cursor": None})

    page.route(f"**{path}", empty)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_text("Not refreshed since")).to_be_visible()
    expect(row(page, "there")).to_be_visible()
    page.reload()
    expect(page.get_by_text("The server sent a response that this page cannot read.")).to_be_visible()
    page.unroute(f"**{path}")
    page.get_by_role("button", name="Try again").click()
    expect(row(page, "there")).to_be_visible()


@pytest.mark.parametrize(
    ("view", "path", "body"),
    [
        ("all", "/v1/admin/tokens?*", {"tokens": [{}], "next_cursor": None}),
        ("users", "/v1/users?*", {"users": [{}], "next_cursor": None}),
        ("activity", "/v1/events?*", {"events": [{}], "next_cursor": None}),
    ],
)
def test_list_of_the_console_that_lacks_members_is_told(
    new_page: NewPage, stack: LocalStack, view: str, path: str, body: object
) -> None:
    """An administrator's list says that it cannot be read."""
    page = new_page()
    sign_in(page, stack, "admin@example.com")
    page.route(f"**{path}", lambda route: route.fulfill(json=body))
    page.goto(f"{stack.url}{PAGE}?view={view}")
    expect(page.get_by_text("The server sent a response that this page cannot read.")).to_be_visible()


def test_view_of_a_token_that_lacks_members_is_told(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """The view of a token and an action on it say that the response cannot be read."""
    token = Owner(stack, person).post("/v1/tokens", {"name": "there"})
    page = new_page()
    sign_in(page, stack, person)
    page.route(f"**/v1/tokens/{token['id']}", lambda route: route.fulfill(json={}))
    act(page, "there", "Pause")
    expect(page.locator(".toast")).to_contain_text("a response that this page cannot read")
    expect(row(page, "there")).to_be_visible()
    row(page, "there").click()
    expect(page.get_by_text("This token could not be read")).to_be_visible()


NO_PLACE = "Remove the string of the token. Other people read this text."


@pytest.mark.parametrize("field", ["Name", "Description optional"])
def test_token_in_a_text_is_refused_before_it_is_sent(
    new_page: NewPage, stack: LocalStack, person: str, field: str
) -> None:
    """Neither a new token nor a change of one takes the string of a token. Its prefix alone is allowed."""
    string = Owner(stack, person).post("/v1/tokens", {"name": "there"})["token"]
    page = new_page(viewport={"width": 320, "height": 740})
    sign_in(page, stack, person)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))
    dialog = open_generate(page)
    for word in ("Generate", "Save"):
        if word == "Save":
            page.keyboard.press("Escape")
            act(page, "there", "Edit")
        text = dialog.get_by_label(field, exact=True)
        text.fill(f"export TOKEN={string}")
        expect(dialog.get_by_text(NO_PLACE)).to_be_visible()
        expect(text).to_have_attribute("aria-invalid", "true")
        no_violations(page)
        assert overflow(page) <= 0
        dialog.get_by_role("button", name=word, exact=True).click()
        expect(text).to_be_focused()
        assert not [each for each in sent if "bodhi_eyJ" in each]
    text.fill("bodhi_production")
    expect(dialog.get_by_text(NO_PLACE)).to_have_count(0)
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("[data-row]")).to_contain_text("bodhi_production")


def test_token_in_a_list_of_networks_is_not_shown(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """A token among the networks is refused, and the refusal does not repeat it."""
    string = Owner(stack, person).post("/v1/tokens", {"name": "there"})["token"]
    page = new_page()
    sign_in(page, stack, person)
    dialog = open_generate(page)
    dialog.get_by_label("Only from these networks").check()
    dialog.get_by_placeholder("Add a network").fill(string)
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("bodhi_… is not a network or an address.")).to_be_visible()
    expect(dialog).not_to_contain_text(string[-40:])


def test_closed_menu_leaves_no_listeners(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Menus that were opened and closed by keys listen to nothing any more."""
    Owner(stack, person).post("/v1/tokens", {"name": "there"})
    page = new_page()
    sign_in(page, stack, person)
    row(page, "there").focus()
    before = window_listeners(page)
    for _ in range(3):
        page.keyboard.press("Shift+F10")
        expect(page.get_by_role("menu")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("[role=menu]")).to_have_count(0)
    assert window_listeners(page) == before


def test_scroll_closes_a_menu_but_not_one_that_opens_after_it(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """A person scrolls to a row and opens its menu at once: the menu stays until the next scroll."""
    for number in range(9):
        Owner(stack, person).post("/v1/tokens", {"name": f"token {number}"})
    page = new_page(viewport={"width": 390, "height": 700})
    sign_in(page, stack, person)
    expect(page.locator("[data-row]")).to_have_count(9)
    page.evaluate("() => { scrollTo(0, 300); document.querySelectorAll('[data-menu]')[5].click(); }")
    page.wait_for_timeout(300)
    expect(page.get_by_role("menu")).to_be_visible()
    page.evaluate("scrollTo(0, 320)")
    expect(page.locator("[role=menu]")).to_have_count(0)


def window_listeners(page: Page) -> list[str]:
    """Return the types of the events to which the window listens."""
    session = page.context.new_cdp_session(page)
    window = session.send("Runtime.evaluate", {"expression": "window"})["result"]["objectId"]
    found = session.send("DOMDebugger.getEventListeners", {"objectId": window})["listeners"]
    session.detach()
    return sorted(each["type"] for each in found)


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
