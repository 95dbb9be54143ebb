"""A token's own view in a real browser: drawer and page, actions, chart, networks, activity."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from chalicelib.domain.tokens import Token
from tests.page.people import PAGE, Owner, call_api, no_violations, overflow, places, row, send, sign_in
from tests.page.scenes import MINE, Company, Scene
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

HOSTILE = "\u202e<img src=x onerror=alert(1)>\u2066" + "W" * 40
USED = Scene(
    "CI deploy bot",
    "Deploys",
    used=timedelta(minutes=1),
    rhythm=lambda ago, day, chance: 10 + ago,
    seen={"203.0.113.0/24": 4, "140.82.114.0/24": 41212},
    allowed=("140.82.112.0/20",),
    expires=timedelta(days=3),
)


def open_view(page: Page, stack: LocalStack, token_id: str, rest: str = "") -> Locator:
    """Open the address of a token's view and wait until its facts are shown."""
    page.goto(f"{stack.url}{PAGE}?token={token_id}{rest}")
    view = page.locator(".token-view")
    expect(view.get_by_text("Token id", exact=True)).to_be_visible()
    return view


def button(place: Locator | Page, name: str) -> Locator:
    """Return a visible button."""
    return place.get_by_role("button", name=name, exact=True).locator("visible=true")


def in_use(stack: LocalStack, subject: str, *scenes: Scene) -> list[Token]:
    """Write tokens that look used for a person."""
    return list(Company(stack).fill(subject, scenes or (USED,)))


def test_row_opens_the_drawer_and_close_returns_to_it(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """The row stays selected behind the drawer. Esc, the x and the scrim return the focus to the row."""
    [token] = in_use(stack, person)
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    behind = row(page, "CI deploy bot")
    for close in ("Escape", "x", "scrim"):
        behind.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="CI deploy bot")
        expect(dialog).to_be_visible()
        expect(page).to_have_url(re.compile(f"token={token.id}"))
        expect(page).to_have_title(re.compile("^CI deploy bot"))
        expect(behind).to_have_class(re.compile("is-open"))
        expect(dialog.get_by_role("heading", level=1)).to_be_focused()
        if close == "Escape":
            page.keyboard.press("Escape")
        elif close == "x":
            button(dialog, "Close").click()
        else:
            page.mouse.click(100, 400)
        expect(dialog).to_have_count(0)
        expect(page).to_have_url(re.compile(f"{PAGE}$"))
        expect(behind).to_be_focused()
        expect(behind).not_to_have_class(re.compile("is-open"))


def test_view_says_all_that_is_known(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Facts, use, networks and activity are there, and what is wrong comes first."""
    [token] = in_use(stack, person)
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)

    view = open_view(page, stack, token.id)

    expect(view.locator("[data-warning]")).to_contain_text("Expires in 3 days, on ")
    for term in ("Access", "Ends", "Last used", "Created", "Changed", "Token id"):
        expect(view.get_by_text(term, exact=True)).to_be_visible()
    expect(view.locator(".token-facts code")).to_have_text(token.id)
    expect(view.get_by_text("Use in the last 30 days")).to_be_visible()
    expect(
        view.get_by_text(re.compile("^At least 735 uses · busiest day .*, 39 · days in UTC$"))
    ).to_be_visible()
    networks = view.locator(".counts > li")
    expect(networks.first).to_contain_text("140.82.114.0/24")
    expect(networks.first).to_contain_text("at least 41,212 uses")
    expect(networks.first).not_to_contain_text("No longer allowed")
    expect(networks.first.locator(".share > span")).to_be_visible()
    expect(networks.last).to_contain_text("No longer allowed")
    expect(view.locator(".networks")).to_have_text("140.82.112.0/20")
    no_violations(page)


def test_actions_change_the_view_and_the_list(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Pause, Undo, Pause, Re-activate and Keep alive work in the drawer. The focus stays on the action."""
    made = Owner(stack, person).post("/v1/tokens", {"name": "Slack bot"})
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    view = open_view(page, stack, made["id"])

    button(view, "Pause").click()
    expect(page.locator("#toasts")).to_contain_text("Slack bot is paused.")
    expect(button(view, "Re-activate")).to_be_focused()
    expect(view.locator(".token-head .status")).to_have_text("Paused")
    expect(view.locator("[data-warning]")).to_contain_text("It is paused.")
    assert call_api(stack, made["token"]) == 401
    # A modal dialog makes everything outside it inert. The toast must be inside.
    button(page, "Undo").click()
    expect(view.locator(".token-head .status")).to_have_text("Active")
    assert call_api(stack, made["token"]) == 200
    expect(view.locator(".token-events > li")).to_have_count(3)
    expect(view.locator(".token-events > li").first).to_contain_text("You re-activated it")

    button(view, "Keep alive").click()
    expect(page.locator("#toasts")).to_contain_text(re.compile(r"Slack bot stays alive until \d+ \w+\."))
    button(view, "Close").click()
    expect(row(page, "Slack bot")).to_contain_text("Active")
    expect(page.locator("#toasts")).to_contain_text("stays alive")


def test_revoke_asks_and_cancel_has_the_focus(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The question says the last use. After it the view has no action left."""
    [token] = in_use(stack, person)
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    view = open_view(page, stack, token.id)

    button(view, "Revoke…").click()
    question = page.get_by_role("dialog", name="Revoke CI deploy bot?")
    expect(button(question, "Cancel")).to_be_focused()
    expect(question).to_contain_text("Whatever uses it is refused for good, everywhere within 30 seconds.")
    expect(question).to_contain_text("This cannot be undone.")
    expect(question).to_contain_text(re.compile(r"Last used \d+ \w+ ago from 140\.82\.114\.0/24"))
    no_violations(page)
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(page.get_by_role("dialog", name="CI deploy bot")).to_be_visible()
    expect(button(view, "Revoke…")).to_be_focused()

    button(view, "Revoke…").click()
    button(page, "Revoke token").click()
    expect(page.locator("#toasts")).to_contain_text("Revoked. Refused everywhere within 30 seconds.")
    expect(view.locator(".token-head .status")).to_have_text("Revoked")
    expect(view.locator(".token-actions button")).to_have_count(0)


def test_question_says_what_else_of_a_line_ends(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Tokens that rotated themselves end together, and the question says so before it can be answered."""
    owner = Owner(stack, person)
    old = owner.post("/v1/tokens", {"name": "line"})
    owner.rotate_itself(old, 3600)
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    view = open_view(page, stack, old["id"])
    expect(view.locator("[data-warning]")).to_contain_text("It was rotated.")
    expect(button(view, "Rotate")).to_have_count(0)

    button(view, "Revoke now…").click()
    question = page.get_by_role("dialog", name="Revoke line?")
    expect(question).to_contain_text("It rotated itself, so its successor is revoked too.")
    button(question, "Revoke token").click()

    expect(view.locator(".token-head .status")).to_have_text("Revoked")
    view.get_by_role("link", name=re.compile("^line, until ")).click()
    expect(view.locator(".token-head .status")).to_have_text("Revoked")


def test_keys_step_through_the_list_behind(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """J, K and the arrows at the top lead to the next and the previous token. The ends say so."""
    tokens = in_use(stack, person, *MINE[:3])
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    expect(page.locator("[data-row]").nth(3)).to_be_visible()
    names = [each.split("\n")[0] for each in page.locator("[data-row] .name").all_inner_texts()]
    assert len(names) >= 3
    rows = page.locator("[data-row]")
    rows.first.click()
    title = page.locator(".token-head h1")
    expect(title).to_have_text(names[0])
    expect(button(page, "Previous token")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("j")
    expect(title).to_have_text(names[1])
    expect(rows.nth(1)).to_have_class(re.compile("is-open"))
    button(page, "Next token").click()
    expect(title).to_have_text(names[2])
    page.keyboard.press("k")
    page.keyboard.press("K")
    expect(title).to_have_text(names[0])
    page.keyboard.press("Escape")
    expect(rows.first).to_be_focused()
    # The steps are one entry of the history.
    page.go_back()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert tokens


def test_phone_has_a_page_with_a_way_back(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Below 900 px the view is a page. Rare actions are in a menu, and nothing is wider than the screen."""
    [token] = in_use(stack, person)
    for width in (320, 390, 768):
        page = new_page(locale="en-GB", viewport={"width": width, "height": 800})
        sign_in(page, stack, person)
        row(page, "CI deploy bot").click(position={"x": 40, "y": 15})
        view = page.locator(".token-page .token-view")
        expect(view.locator(".chart-plot svg")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("heading", name="My tokens")).to_have_count(0)
        assert overflow(page) == 0
        no_violations(page)
        if width < 700:
            first, last = places(button(view, "Rotate"), button(view, "More actions"))
            assert first["y"] == last["y"]
            button(view, "More actions").click()
            expect(page.get_by_role("menuitem")).to_have_text(["Copy token id", "Keep alive", "Revoke…"])
            page.keyboard.press("Escape")
        page.get_by_role("link", name="My tokens").locator("visible=true").last.click()
        expect(page.get_by_role("heading", name="My tokens")).to_be_visible()
        expect(row(page, "CI deploy bot")).to_be_focused()
        page.go_back()
        expect(view).to_be_visible()
    page.set_viewport_size({"width": 1200, "height": 800})
    expect(page.get_by_role("dialog", name="CI deploy bot")).to_be_visible()
    expect(row(page, token.name)).to_be_visible()


def test_chart_is_read_by_keys_pointer_and_table(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """One tab stop. The arrows, Home and End choose a day. The table has all days."""
    [token] = in_use(stack, person)
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    view = open_view(page, stack, token.id)
    plot, readout = view.locator(".chart-plot"), view.locator(".chart-readout")
    today = datetime.now(UTC).date()

    def words(ago: int) -> str:
        day = today - timedelta(days=ago)
        return f"{day:%a} {day.day} {day:%b}at least {10 + ago}"

    expect(plot.locator("svg rect[data-day]")).to_have_count(30)
    expect(view.locator(".chart-label").first).to_have_text("0")
    plot.focus()
    for key, ago in (
        ("", 0),
        ("ArrowRight", 0),
        ("ArrowLeft", 1),
        ("Home", 29),
        ("ArrowLeft", 29),
        ("End", 0),
    ):
        if key:
            page.keyboard.press(key)
        expect(readout).to_have_text(words(ago))
        assert words(ago).replace("at", ": at", 1) == plot.get_attribute("aria-valuetext")
        inside = "e => e.offsetLeft >= 0 && e.offsetLeft + e.offsetWidth <= e.parentElement.clientWidth + 1"
        assert readout.evaluate(inside)
    page.keyboard.press("Tab")
    expect(readout).to_be_hidden()
    plot.locator("rect[data-day='10']").hover()
    expect(readout).to_have_text(words(19))
    page.mouse.move(5, 5)
    expect(readout).to_be_hidden()
    expect(view.locator(".chart table tbody tr")).to_have_count(30)
    expect(view.locator(".chart table tbody tr").last).to_have_text(words(0))


def test_token_without_use_has_a_chart_that_says_so(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """Thirty grey stubs and a sentence, and no line of values."""
    made = Owner(stack, person).post("/v1/tokens", {"name": "new"})
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    view = open_view(page, stack, made["id"])
    expect(view.get_by_text("No use in these days")).to_be_visible()
    expect(view.locator(".chart .unused")).to_have_count(30)
    expect(view.locator(".chart-line")).to_have_count(1)
    expect(view.get_by_text("Anywhere", exact=True)).to_be_visible()
    expect(view.get_by_text("Used from", exact=True)).to_have_count(0)
    no_violations(page)


def test_unknown_and_foreign_ids_are_told_calmly(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """The same sentence for both, so that no one learns which ids exist."""
    complaints.expected = ("404",)
    foreign = Owner(stack, f"other-{person}").post("/v1/tokens", {"name": "theirs"})["id"]
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    for unknown in (foreign, "tok_" + "0" * 36, "nonsense"):
        page.goto(f"{stack.url}{PAGE}?token={unknown}")
        dialog = page.get_by_role("dialog", name="No such token")
        expect(dialog).to_contain_text(
            "This is not one of your tokens. A token that ended long ago is deleted."
        )
        expect(page.get_by_role("alert")).to_have_count(0)
        no_violations(page)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_link_of_a_mail_keeps_alive_with_one_click(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """The mail's link opens the view of the token, where one click keeps it alive."""
    idle = Scene("Slack bot", used=timedelta(days=27))
    [token] = in_use(stack, person, idle)
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    page.goto(f"{stack.url}{PAGE}#{token.id}")
    warning = page.locator("[data-warning]")
    expect(warning).to_contain_text("Goes idle in 3 days")
    button(warning, "Keep alive").click()
    expect(page.locator("#toasts")).to_contain_text("Slack bot stays alive until ")
    expect(warning).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_names_stay_text(new_page: NewPage, stack: LocalStack, person: str, scheme: str) -> None:
    """A name with markup and marks of direction runs nothing, and is no wider than the view."""
    # Rows of older releases may have characters that are refused today.
    [token] = in_use(stack, person, Scene(HOSTILE, "d" * 400))
    page = new_page(color_scheme=scheme)
    sign_in(page, stack, person)
    view = open_view(page, stack, token.id)
    expect(view.locator("h1 bdi")).to_have_text(re.compile("<img src=x onerror=alert"))
    assert page.locator("img").count() == 0
    assert page.locator(".drawer").evaluate("e => e.scrollWidth <= e.clientWidth")
    button(view, "Revoke…").click()
    expect(page.get_by_role("dialog").last.locator("h2 bdi")).to_have_text(re.compile("<img"))
    no_violations(page)


def test_failed_action_says_what_was_not_done(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """Offline: the toast offers to try again. A token that ended elsewhere is read again."""
    complaints.expected = ("Failed to load", "409", "net::")
    owner = Owner(stack, person)
    made = owner.post("/v1/tokens", {"name": "bot"})
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    view = open_view(page, stack, made["id"])
    page.context.set_offline(True)
    button(view, "Pause").click()
    expect(page.locator("#toasts")).to_contain_text("Not paused: the server did not answer.")
    expect(view.locator(".token-head .status")).to_have_text("Active")
    page.context.set_offline(False)
    button(page.locator("#toasts"), "Try again").click()
    expect(view.locator(".token-head .status")).to_have_text("Paused")

    assert send(stack, "DELETE", f"/v1/tokens/{made['id']}", stack.login(person))[0] == 204
    button(view, "Re-activate").click()
    expect(page.locator("#toasts")).to_contain_text("bot: This token is revoked, which is final.")
    expect(view.locator(".token-head .status")).to_have_text("Revoked")


def test_failed_refresh_keeps_the_facts(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """A focus reads the token again. If that fails, the facts stay and the view says so."""
    complaints.expected = ("Failed to load", "net::")
    made = Owner(stack, person).post("/v1/tokens", {"name": "bot"})
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    view = open_view(page, stack, made["id"])
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(view.get_by_text(re.compile("^Not refreshed since "))).to_be_visible()
    expect(view.locator(".token-facts code")).to_have_text(made["id"])
    page.context.set_offline(False)
    button(view, "Try again").first.click()
    expect(view.get_by_text(re.compile("^Not refreshed since "))).to_have_count(0)


def test_first_read_that_fails_can_be_tried_again(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """The view says that the token could not be read, and reads it again on a click."""
    complaints.expected = ("503",)
    made = Owner(stack, person).post("/v1/tokens", {"name": "bot"})
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    failures = [1]

    def fail_once(route: Route) -> None:
        if failures:
            failures.pop()
            route.fulfill(status=503, json={"code": "unavailable", "detail": "Try again soon."})
        else:
            route.continue_()

    page.route(f"**/v1/tokens/{made['id']}", fail_once)
    page.goto(f"{stack.url}{PAGE}?token={made['id']}")
    expect(page.get_by_role("dialog", name="This token could not be read")).to_contain_text(
        "Try again soon."
    )
    button(page, "Try again").click()
    expect(page.get_by_role("dialog", name="bot")).to_be_visible()


def test_session_that_became_another_persons_shows_none_of_it(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """If another person signs in in a second tab, the view of the first one goes."""
    complaints.expected = ("403", "404", "409", "401", "412")
    made = Owner(stack, person).post("/v1/tokens", {"name": "private"})
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    open_view(page, stack, made["id"])
    other = page.context.new_page()
    page.context.clear_cookies()
    sign_in(other, stack, f"other-{person}")
    # The tabs tell each other, so the first one loads again.
    expect(page.get_by_role("dialog", name="No such token")).to_be_visible()
    expect(page.get_by_text("private", exact=True)).to_have_count(0)


def test_administrators_see_and_end_the_tokens_of_others(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """They see the owner and all that is known. They can pause, re-activate and revoke it."""
    made = Owner(stack, person).post("/v1/tokens", {"name": "theirs"})
    owner = Owner(stack, person).me()["id"]
    page = new_page(locale="en-GB")
    sign_in(page, stack, "admin@example.com")
    view = open_view(page, stack, made["id"], f"&view=all&owner={owner}")
    expect(view.locator(".token-facts")).to_contain_text(f"Owner{person}")
    expect(view.locator(".token-actions button:visible")).to_have_text(["Pause", "Revoke…"])
    expect(view.get_by_text("Limit it to networks")).to_have_count(0)
    expect(view.locator(".token-events > li")).to_contain_text(f"{person} generated it")
    button(view, "Pause").click()
    expect(view.locator(".token-head .status")).to_have_text("Paused")
    expect(view.locator(".token-events > li").first).to_contain_text("Ada Admin paused it")
    button(view, "Revoke…").click()
    button(page, "Revoke token").click()
    expect(view.locator(".token-head")).to_contain_text("by an administrator")
    assert call_api(stack, made["token"]) == 401
    no_violations(page)


def test_edit_changes_name_and_networks(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The dialog opens above the drawer. A change by another tab is told and not lost."""
    owner = Owner(stack, person)
    made = owner.post("/v1/tokens", {"name": "bot"})
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    view = open_view(page, stack, made["id"])
    view.get_by_role("button", name="Limit it to networks").click()
    dialog = page.get_by_role("dialog", name="Edit bot")
    expect(dialog.get_by_role("radio", name="Anywhere")).to_be_focused()
    dialog.get_by_text("Only from these networks").click()
    page.keyboard.type("10.40.6.0/24")
    button(dialog, "Save").click()
    expect(dialog).to_have_count(0)
    expect(view.locator(".networks")).to_have_text("10.40.6.0/24")
    expect(view.locator(".token-events > li").first).to_contain_text("You limited it to 1 network")
    no_violations(page)


def test_edit_tells_a_change_by_another_tab(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """The second save replaces what the first message has told."""
    complaints.expected = ("412",)
    owner = Owner(stack, person)
    made = owner.post("/v1/tokens", {"name": "bot"})
    page = new_page(locale="en-GB")
    sign_in(page, stack, person)
    view = open_view(page, stack, made["id"])
    button(view, "Edit").click()
    dialog = page.get_by_role("dialog", name="Edit bot")
    dialog.get_by_label("Name", exact=True).fill("mine")
    owner.change(made, name="theirs")
    button(dialog, "Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text(
        "It is now named “theirs”, and works from anywhere."
    )
    button(dialog, "Save").click()
    expect(dialog).to_have_count(0)
    expect(view.locator("h1")).to_have_text("mine")


def test_steps_in_all_tokens_lead_from_owner_to_owner(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """Each row names its owner, so a step shows the token of another person."""
    for name in (f"a-{person}", f"b-{person}"):
        Owner(stack, name).post("/v1/tokens", {"name": f"shared {person}"})
    page = new_page(locale="en-GB")
    sign_in(page, stack, "admin@example.com")
    page.goto(f"{stack.url}{PAGE}?view=all&q=shared+{person}")
    expect(row(page, "shared")).to_have_count(2)
    row(page, "shared").first.locator(".name").click()
    facts = page.locator(".token-facts")
    expect(facts).to_contain_text(re.compile("Owner[ab]-"))
    first = facts.locator("a").first.inner_text()
    page.keyboard.press("j")
    expect(facts.locator("a").first).not_to_have_text(first)
    expect(facts.locator("a").first).to_have_text(re.compile(f"[ab]-{person}"))


def test_token_id_is_copied_or_told(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """If the browser lets the page copy, a toast says so. Otherwise the toast has the id."""
    made = Owner(stack, person).post("/v1/tokens", {"name": "bot"})
    page = new_page(locale="en-GB", permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, stack, person)
    view = open_view(page, stack, made["id"])
    button(view, "Copy token id").click()
    expect(page.locator("#toasts")).to_contain_text("Token id copied.")
    assert page.evaluate("navigator.clipboard.readText()") == made["id"]
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('denied')); }")
    button(view, "Copy token id").click()
    expect(page.locator("#toasts")).to_contain_text(f"The token id is {made['id']}")
