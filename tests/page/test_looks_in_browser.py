"""Looks that no picture holds: narrow screens, disabled buttons, forced colours and paper."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, expect

from tests.page.my_tokens import live
from tests.page.people import PAGE, Owner, act, open_console, open_generate, overflow, places, row, sign_in
from tests.page.scenes import Company
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

PHONE = {"width": 320, "height": 740}
_CUT = "all => all.map((e) => Math.max(e.scrollWidth - e.clientWidth, 0))"
_LINES = """all => all.map((e) => {
  const texts = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const tops = new Set();
  while (texts.nextNode()) {
    range.selectNodeContents(texts.currentNode);
    for (const each of range.getClientRects()) tops.add(each.top);
  }
  const sorted = [...tops].sort((a, b) => a - b);
  // Runs of one line may differ by a pixel or two.
  return sorted.filter((top, at) => at === 0 || top - sorted[at - 1] > 6).length;
})"""


def colour(element: Locator, name: str = "background-color") -> str:
    """Return a computed colour of an element."""
    return str(element.evaluate(f"e => getComputedStyle(e).getPropertyValue('{name}')"))


def lines(elements: Locator) -> set[int]:
    """Return the numbers of lines that elements have, once they stay the same."""
    found = elements.evaluate_all(_LINES)
    for _ in range(50):
        elements.page.wait_for_timeout(100)
        before, found = found, elements.evaluate_all(_LINES)
        if found and 0 not in found and found == before:
            break
    return set(found)


def cut(elements: Locator) -> set[int]:
    """Return the numbers of pixels by which elements are too narrow for their words."""
    return set(elements.evaluate_all(_CUT))


@pytest.fixture
def company(stack: LocalStack, person: str) -> str:
    """Give a person 8 tokens and return the name under which the console lists them."""
    Company(stack).fill(person, live(8))
    return person


def test_disabled_button_looks_the_same_under_the_pointer(
    new_page: NewPage, stack: LocalStack, company: str
) -> None:
    """A button that is off never has the colour of a button that destroys."""
    page = open_console(new_page(), stack, "users", "Users", f"&q={company}")
    act(page, company, "Remove")
    submit = page.get_by_role("dialog").locator("[type=submit]")
    expect(submit).to_be_disabled()
    before = colour(submit)
    submit.hover(force=True)
    assert colour(submit) == before
    page.get_by_role("dialog").get_by_role("textbox").fill(company)
    submit.hover()
    assert colour(submit) != before


def test_confirming_words_are_whole_on_a_phone(new_page: NewPage, stack: LocalStack, company: str) -> None:
    """The button that destroys says what it destroys, also if it needs a line of its own."""
    page = open_console(
        new_page(viewport=PHONE, reduced_motion="reduce"), stack, "users", "Users", f"&q={company}"
    )
    act(page, company, "Deactivate")
    page.get_by_role("button", name="Deactivate user").click()
    expect(row(page, company)).to_contain_text("Deactivated")
    act(page, company, "Re-activate")
    dialog = page.get_by_role("dialog")
    cancel, submit = dialog.get_by_role("button", name="Cancel"), dialog.locator("[type=submit]")
    expect(dialog.get_by_label("They are revoked now")).to_be_visible()
    assert len({place["y"] for place in places(cancel, submit)}) == 1
    dialog.get_by_label("They are revoked now").check()
    expect(submit).to_have_text("Re-activate, revoke 8 tokens")
    assert cut(submit.locator("[data-label]")) == {0}
    assert len({place["width"] for place in places(cancel, submit)}) == 1
    assert overflow(page) <= 0


def test_last_sign_in_has_one_line_on_a_phone(new_page: NewPage, stack: LocalStack, company: str) -> None:
    """A date never wraps."""
    page = open_console(new_page(viewport=PHONE), stack, "users", "Users", f"&q={company}")
    expect(row(page, company)).to_have_count(1)
    assert lines(page.locator(".cell-sign-in")) == {1}


def test_filters_of_a_phone_begin_at_one_edge(new_page: NewPage, stack: LocalStack) -> None:
    """A filter that has a line of its own begins where the others begin."""
    page = new_page(viewport=PHONE)
    issuers = ["https://a.example.com", "https://b.example.com"]
    usual = {"status": "active", "role": "user", "name": "", "email": "", "live_tokens": 0}
    users = [
        {"id": f"usr_{at}", "subject": f"{at}", "issuer": each, **usual} for at, each in enumerate(issuers)
    ]
    sign_in(page, stack, "admin@example.com")
    page.route("**/v1/users?*", lambda route: route.fulfill(json={"users": users, "next_cursor": None}))
    page.goto(f"{stack.url}{PAGE}?view=users")
    issuer = page.get_by_label("Issuer", exact=True)
    expect(issuer).to_be_visible()
    first, last = places(page.locator(".filter-chip").first, issuer)
    assert last["y"] > first["y"]
    assert last["x"] == first["x"]


@pytest.mark.parametrize("width", [320, 390])
def test_choices_have_one_line_on_a_phone(
    new_page: NewPage, stack: LocalStack, company: str, width: int
) -> None:
    """The lengths of an overlap and of a life stand in one line each, and no word is cut."""
    page = new_page(viewport={"width": width, "height": 740})
    sign_in(page, stack, company)
    act(page, "live 3", "Rotate")
    choices = page.get_by_role("dialog").locator(".segments label")
    expect(choices.first).to_be_visible()
    assert lines(choices) == {1}
    assert cut(choices) == {0}
    page.keyboard.press("Escape")
    choices = open_generate(page).locator(".segments label")
    assert lines(choices) == {1}
    assert cut(choices) == {0}


def test_message_about_a_failure_is_read_on_a_phone(
    new_page: NewPage, stack: LocalStack, company: str, complaints: Complaints
) -> None:
    """The words of a message have most of its width. The action stands below them."""
    complaints.expected = ("status of 503",)
    page = new_page(viewport=PHONE)
    sign_in(page, stack, company)
    problem = {"code": "unavailable", "detail": "The service cannot reach its database. Try again soon."}
    page.route("**/v1/tokens/tok_*", lambda route: route.fulfill(status=503, json=problem))
    act(page, "live 3", "Pause")
    expect(page.locator(".toast .link")).to_be_visible()
    words, action = places(page.locator(".toast p"), page.locator(".toast .link"))
    assert words["width"] > 180
    assert action["y"] >= words["y"] + words["height"]


@pytest.mark.parametrize("locale", ["en-US", "en-GB", "de-DE", "es-MX", "ko-KR"])
def test_times_of_the_feed_have_one_line(new_page: NewPage, stack: LocalStack, locale: str) -> None:
    """A late hour of a clock of 12 hours fits into its column. A time never wraps."""
    ahead = (22 - datetime.now(UTC).hour + 12) % 24 - 12
    for width in (320, 1024):
        page = new_page(
            viewport={"width": width, "height": 740}, locale=locale, timezone_id=f"Etc/GMT{-ahead:+d}"
        )
        open_console(page, stack, "activity", "Activity")
        times = page.locator(".feed-time")
        expect(times.first).to_contain_text(re.compile("(10|22|11|23):"))
        assert lines(times) == {1}
        assert cut(times) == {0}


@pytest.mark.parametrize(("locale", "least"), [("en-GB", 200), ("en-US", 170)])
def test_short_times_leave_room_for_words(
    new_page: NewPage, stack: LocalStack, locale: str, least: int
) -> None:
    """On a small phone each pixel beside the time of an event counts."""
    page = new_page(viewport=PHONE, locale=locale)
    open_console(page, stack, "activity", "Activity")
    (words,) = places(page.locator(".feed-words").first)
    assert words["width"] >= least


def test_menu_of_a_phone_marks_the_present_section(new_page: NewPage, stack: LocalStack) -> None:
    """The menu is the only place that names the sections there."""
    page = open_console(new_page(viewport=PHONE), stack, "all", "All tokens")
    page.get_by_role("button", name="Sections").click()
    expect(page.locator("[role=menuitem][aria-current=page]")).to_have_text("All tokens")
    page.get_by_role("menuitem", name="Users").click()
    expect(page.get_by_role("heading", name="Users", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sections").click()
    expect(page.locator("[role=menuitem][aria-current=page]")).to_have_text("Users")


def test_times_of_the_feed_have_no_leading_zero(new_page: NewPage, stack: LocalStack) -> None:
    """Neither has a clock of 12 hours on paper."""
    page = new_page(locale="en-US")
    open_console(page, stack, "activity", "Activity")
    times = page.locator(".feed-time")
    expect(times.first).to_be_visible()
    assert not [each for each in times.all_inner_texts() if re.match(r"0\d?:.*M", each)]


def test_dialog_has_an_edge_in_forced_colours(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Without shadows and with one colour of background, a border divides the dialog from the page."""
    page = new_page(forced_colors="active")
    sign_in(page, stack, person)
    dialog = open_generate(page)
    assert dialog.evaluate("e => getComputedStyle(e).borderTopWidth") == "1px"


def test_present_place_is_seen_in_forced_colours(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """One section and one language of the examples have a line below them, and the others have none."""
    page = open_console(new_page(forced_colors="active"), stack, "users", "Users")
    edges = "all => all.map(each => getComputedStyle(each).borderBottomColor)"
    present = page.locator(".sections [aria-current]").evaluate_all(edges)
    others = page.locator(".sections a:not([aria-current])").evaluate_all(edges)
    assert (len(present), len(others)) == (1, 3)
    assert present[0] not in others
    page = new_page(forced_colors="active")
    sign_in(page, stack, person)
    expect(page.get_by_role("tab")).to_have_count(3)
    languages = page.get_by_role("tab").evaluate_all(edges)
    assert [languages.count(each) for each in languages] == [1, 2, 2]


def test_paper_is_light(new_page: NewPage, stack: LocalStack, company: str) -> None:
    """The list and the view of a token are printed dark on light, also if the screen is dark."""
    page = new_page(color_scheme="dark")
    sign_in(page, stack, company)
    on_screen = colour(row(page, "live 3"), "color")
    page.emulate_media(media="print")
    assert colour(row(page, "live 3"), "color") == "rgb(22, 32, 27)" != on_screen
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


def test_view_of_a_token_is_printed_alone(new_page: NewPage, stack: LocalStack, company: str) -> None:
    """The list behind the drawer is not printed through it."""
    page = new_page()
    sign_in(page, stack, company)
    row(page, "live 3").click()
    expect(page.get_by_role("heading", name="Use in the last 30 days")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("#view")).to_be_hidden()
    expect(page.get_by_role("heading", name="Use in the last 30 days")).to_be_visible()


_STARTS_OUTSIDE = """
    texts => texts.filter(text => {
        const first = new Range();
        first.setStart(text.firstChild, 0);
        first.setEnd(text.firstChild, 1);
        const [letter, box] = [first.getBoundingClientRect(), text.getBoundingClientRect()];
        return letter.left < box.left - 1 || letter.right > box.right + 1;
    }).map(text => text.className)
"""


@pytest.mark.parametrize("width", [1440, 320])
def test_long_text_from_right_to_left_keeps_its_beginning(
    new_page: NewPage, stack: LocalStack, person: str, width: int
) -> None:
    """The end of a name that is too long is left out, also if the name begins at the right."""
    words = "نسخة احتياطية ليلية "
    Owner(stack, person).post("/v1/tokens", {"name": words * 4, "description": words * 20})
    page = new_page(viewport={"width": width, "height": 800})
    sign_in(page, stack, person)
    texts = page.locator("[data-row] bdi.clamp")
    expect(texts).to_have_count(2)
    assert texts.evaluate_all(_STARTS_OUTSIDE) == []
    box = page.locator("[data-row] .cell-name").bounding_box()
    # Names stand at the left whatever their script is.
    Owner(stack, person).post("/v1/tokens", {"name": "ليلى"})
    page.reload()
    short = page.locator("[data-row] .name", has_text=re.compile("^ليلى$"))
    left = short.evaluate("""name => {
        const letters = new Range();
        letters.selectNodeContents(name);
        return letters.getBoundingClientRect().left;
    }""")
    assert box
    assert abs(left - box["x"]) <= 1


def test_long_description_leaves_room_for_what_scrolls(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """On a small phone the head of a token scrolls away, if it would cover most of the screen."""
    owner = Owner(stack, person)
    made = [owner.post("/v1/tokens", {"name": "a", "description": "x" * count}) for count in (12, 480)]
    page = new_page(viewport={"width": 320, "height": 568})
    sign_in(page, stack, person)
    for token, is_in_view in zip(made, (True, False), strict=True):
        page.goto(f"{stack.url}{PAGE}?token={token['id']}")
        head = page.locator(".token-head")
        expect(head).to_be_visible()
        expect(page.get_by_role("heading", name="Activity")).to_be_attached()
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        bottom = head.evaluate("head => head.getBoundingClientRect().bottom")
        assert (bottom > 48) == is_in_view
