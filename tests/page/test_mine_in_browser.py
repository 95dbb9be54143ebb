"""The list of "My tokens" in a real browser: what it shows, how it is searched, filtered and ordered."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.seen_networks import RefusedReason
from tests.page.my_tokens import (
    DAY,
    banner,
    box,
    calls,
    chip,
    ended,
    fill,
    live,
    names,
    open_list,
    paste,
    rows,
)
from tests.page.people import SCHEMES, Owner, act, no_violations, overflow, row, send, sign_in
from tests.page.scenes import MINE, Scene, steady
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

WIDTHS = (1440, 1100, 1024, 768, 700, 390, 320)


def query_of(page: Page) -> dict[str, str]:
    """Return the members of the page's address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


@pytest.fixture
def busy(new_page: NewPage, stack: LocalStack, person: str) -> Page:
    """Show the list of a person with the tokens of the pictures."""
    fill(stack, person, *MINE)
    page = new_page(
        viewport={"width": 1440, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(16)
    return page


def test_summary_has_each_part_in_words(busy: Page) -> None:
    """The parts have the counts of the server. Parts without tokens are left out."""
    parts = busy.locator(".summary button").all_inner_texts()

    assert parts == [
        "All 16",
        "12 live of 100",
        "1 expires this week",
        "1 goes idle in 3 days",
        "1 rotated, still used",
        "1 refused",
        "2 never used",
        "1 paused",
        "1 idle",
        "3 ended",
    ]


def test_twelve_whole_rows_stand_on_a_usual_screen(busy: Page) -> None:
    """At 1440 x 900 the title, the summary, the banner and the head leave room for twelve rows."""
    expect(banner(busy)).to_contain_text("Something still uses the old string of Billing sync.")
    bottoms = rows(busy).evaluate_all("rows => rows.map(row => row.getBoundingClientRect().bottom)")

    assert sum(bottom <= 900 for bottom in bottoms) >= 12


def test_head_stays_below_the_bar(busy: Page) -> None:
    """The head of the table stays in view while the rows scroll."""
    busy.set_viewport_size({"width": 1440, "height": 500})
    busy.mouse.move(700, 400)
    busy.mouse.wheel(0, 600)
    busy.wait_for_function("() => scrollY > 300")

    assert busy.locator(".row-head").evaluate("head => head.getBoundingClientRect().top") == 48


def test_live_and_ended_tokens_are_two_sections(busy: Page) -> None:
    """The ended ones come last. The tokens without a use come last among the live ones."""
    assert names(busy)[0] == "CI deploy bot"
    assert sorted(names(busy)[11:13]) == ["Billing sync", "Mobile app tests"]
    assert sorted(names(busy)[13:]) == ["Hackathon demo", "Jenkins", "Load test"]
    expect(busy.locator(".ended-rows .ended-head")).to_contain_text("Ended3")


@pytest.mark.parametrize(
    ("words", "show", "shown"),
    [
        ("live of", "live", 12),
        ("expires", "expiring", 1),
        ("goes idle", "idling", 1),
        ("still used", "still_used", 1),
        ("refused", "refused", 1),
        ("never used", "never_used", 2),
        ("paused", "paused", 1),
        ("1 idle", "idle", 1),
        ("ended", "ended", 3),
    ],
)
def test_each_part_is_a_filter(busy: Page, words: str, show: str, shown: int) -> None:
    """A click shows the tokens of the part and puts it into the address. A second click shows all."""
    chip(busy, words).click()
    expect(rows(busy)).to_have_count(shown)
    expect(chip(busy, words)).to_have_attribute("aria-pressed", "true")
    expect(chip(busy, words)).to_be_focused()
    assert query_of(busy) == {"show": show}

    chip(busy, words).click()
    expect(rows(busy)).to_have_count(16)
    assert query_of(busy) == {}


def test_reload_back_and_a_sent_link_show_the_same(busy: Page, stack: LocalStack) -> None:
    """Search, filter and order are in the address."""
    chip(busy, "live of").click()
    busy.get_by_role("columnheader", name="Name").get_by_role("button").click()
    box(busy).fill("to")
    expect(rows(busy)).to_have_count(4)
    assert query_of(busy) == {"show": "live", "sort": "name", "q": "to"}
    shown = names(busy)

    busy.reload()
    expect(rows(busy)).to_have_count(4)
    expect(box(busy)).to_have_value("to")
    assert names(busy) == shown
    link = busy.url
    busy.go_back()
    busy.go_back()
    expect(rows(busy)).to_have_count(16)
    expect(box(busy)).to_have_value("")
    busy.go_forward()
    expect(rows(busy)).to_have_count(12)
    other = busy.context.new_page()
    other.goto(link)
    expect(rows(other)).to_have_count(4)
    assert names(other) == shown


def test_heads_sort_both_ways(busy: Page) -> None:
    """A head sorts, a second click turns the order. The usual order leaves the address clean."""
    used = busy.get_by_role("columnheader", name="Last used")
    expect(used).to_have_attribute("aria-sort", "descending")
    used.get_by_role("button").click()
    expect(used).to_have_attribute("aria-sort", "ascending")
    assert names(busy)[0] == "Data export for the auditors"
    used.get_by_role("button").click()
    assert query_of(busy) == {}

    ends = busy.get_by_role("columnheader", name="Ends")
    ends.get_by_role("button").click()
    expect(ends).to_have_attribute("aria-sort", "ascending")
    expect(used).not_to_have_attribute("aria-sort", re.compile("."))
    assert names(busy)[0] == "Billing sync"
    assert query_of(busy) == {"sort": "ends_at"}


def test_phones_sort_by_a_choice_of_the_order(busy: Page) -> None:
    """A phone has no heads. A choice above the cards has the same orders, and shows the present one."""
    order = busy.get_by_label("Order")
    expect(order).to_be_hidden()
    busy.set_viewport_size({"width": 390, "height": 844})
    expect(order).to_have_value("-last_used_at")
    order.select_option("Ending soonest first")
    expect(busy.locator("[data-row] .name").first).to_have_text("Billing sync")
    assert query_of(busy) == {"sort": "ends_at"}
    busy.go_back()
    expect(order).to_have_value("-last_used_at")
    no_violations(busy)


def test_search_finds_name_description_and_id_without_a_request(busy: Page) -> None:
    """All tokens are here, so the browser alone searches them."""
    token = rows(busy).first.get_attribute("data-row")
    asked = calls(busy)
    for text in ("grafana", "WALLBOARD", "تعمل"):
        box(busy).fill(text)
        expect(rows(busy)).to_have_count(1)
    box(busy).fill(token or "")
    expect(rows(busy)).to_have_count(1)
    expect(row(busy, "CI deploy bot")).to_be_visible()

    assert asked == []


def test_no_hit_is_said_with_the_way_out(busy: Page) -> None:
    """The sentence has the text. The button clears the search and leaves the focus in the box."""
    box(busy).fill("x<b>")
    expect(busy.get_by_text("No token matches “x<b>”.")).to_be_visible()
    expect(rows(busy)).to_have_count(0)
    no_violations(busy)

    busy.get_by_role("button", name="Clear the search").click()
    expect(rows(busy)).to_have_count(16)
    expect(box(busy)).to_be_focused()
    expect(box(busy)).to_have_value("")


def test_list_is_accessible_and_fits_each_width(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """axe finds no fault in either theme. No width needs sideways scrolling, nor does a zoom of 200 %."""
    fill(stack, person, *MINE)
    page = new_page(reduced_motion="reduce")
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(16)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert overflow(page) <= 0, (scheme, width)
            if width in (1440, 390):
                no_violations(page, f"{scheme} {width}")
        # 1440 x 900 at 200 %.
        page.set_viewport_size({"width": 720, "height": 450})
        assert overflow(page) <= 0, scheme


def test_columns_drop_as_the_screen_narrows(busy: Page) -> None:
    """First the days of use, then the access, then the head. A phone shows them again in its cards."""
    first = rows(busy).first
    seen = {}
    for width in WIDTHS:
        busy.set_viewport_size({"width": width, "height": 900})
        parts = (".sparkline", ".cell-access", ".row-head", ".cell-status")
        seen[width] = [first.locator(parts[0]).is_visible(), first.locator(parts[1]).is_visible()]
        seen[width] += [busy.locator(parts[2]).is_visible(), first.locator(parts[3]).is_visible()]

    assert seen == {
        1440: [True, True, True, True],
        1100: [True, True, True, True],
        1024: [False, True, True, True],
        768: [False, False, True, True],
        700: [False, False, True, True],
        390: [True, False, False, True],
        320: [False, False, False, True],
    }


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "a" * 100,
    "نسخة احتياطية",
    "\u202eevil",
    "'; DROP TABLE--",
    "🙂" * 50,
    "{{name}} ${name}",
)


def test_hostile_and_very_long_names_are_shown_as_text(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """Names stay text, on one line and in their own direction, and leave the other columns alone."""
    fill(stack, person, *(Scene(name, name * 4 if len(name) < 100 else name, age=DAY) for name in HOSTILE))
    page = new_page(viewport={"width": 1024, "height": 900})
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(len(HOSTILE))

    assert sorted(page.locator(".name").all_text_contents()) == sorted(HOSTILE)
    assert page.locator("main img").count() == 0
    heights = rows(page).evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert set(heights) == {57, 56} or set(heights) == {56}
    for width in (1024, 768, 390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow(page) <= 0, width


@pytest.mark.parametrize("count", [1, 35])
def test_few_and_many_tokens_are_all_shown(
    new_page: NewPage, stack: LocalStack, person: str, count: int
) -> None:
    """All live tokens are rows."""
    fill(stack, person, *live(count))
    page = new_page()
    sign_in(page, stack, person)

    expect(rows(page)).to_have_count(count)
    expect(chip(page, "live of 100")).to_contain_text(f"{count} live of 100")


def test_120_tokens_cost_few_requests_bytes_and_elements(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """The list is read by pages. A row has few elements and costs no request."""
    fill(stack, person, *live(95), *ended(25))
    page = new_page()
    sign_in(page, stack, person)
    asked = calls(page)
    sizes: list[int] = []
    page.on(
        "response", lambda response: sizes.append(len(response.body())) if "/v1/" in response.url else None
    )
    open_list(page, stack)
    expect(rows(page)).to_have_count(115)

    assert sorted(call.split("?")[0] for call in asked) == [
        "GET tokens",
        "GET tokens",
        "GET tokens/summary",
    ]
    assert sum(sizes) < 150_000
    assert page.evaluate("document.querySelectorAll('*').length") < 115 * 35
    assert overflow(page) <= 0


def test_more_ended_tokens_are_read_by_a_button(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The section has its own pages and says their number. A search asks the server for the others."""
    fill(stack, person, *live(1), *ended(30))
    page = new_page()
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(21)
    expect(page.locator(".list-end")).to_contain_text("20 of 30 ended tokens")

    box(page).fill("ended 29")
    expect(rows(page)).to_have_count(1)
    expect(row(page, "ended 29")).to_be_visible()
    box(page).fill("")
    expect(page.locator(".list-end")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    expect(rows(page)).to_have_count(31)
    expect(page.locator(".list-end")).to_be_hidden()


def test_filter_reads_on_until_it_has_its_tokens(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The exposed token is not among the ended ones that were read first."""
    exposed = Scene("leaked", used=80 * DAY, age=90 * DAY, revoked=(RevocationReason.EXPOSED, 2 * DAY))
    fill(stack, person, *ended(45), exposed)
    page = new_page()
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(20)
    chip(page, "exposed").click()

    expect(rows(page)).to_have_count(1)
    expect(row(page, "leaked")).to_be_visible()


BANNERS = {
    "exposed": (
        Scene("Jenkins", used=9 * DAY, revoked=(RevocationReason.EXPOSED, DAY)),
        "Jenkins was found exposed. It is revoked.",
        ["Show"],
    ),
    "still used": (
        Scene("Billing", used=timedelta(minutes=6), rhythm=steady(9), age=90 * DAY,
              seen={"198.51.100.0/24": 9}, rotated=(3 * DAY, timedelta(hours=6))),
        "Something still uses the old string of Billing. At least",
        ["Show", "Revoke now…"],
    ),
    "refused": (
        Scene("Probe", age=9 * DAY, used=DAY, refused=(31, RefusedReason.NETWORK, timedelta(hours=9))),
        "Something was refused with Probe. At least 31 times, last 9 hours ago.",
        ["Show"],
    ),
    "idling": (Scene("Slack bot", used=27 * DAY), "Slack bot goes idle in 3 days.", ["Keep alive"]),
    "expiring": (Scene("CI", used=DAY, expires=2 * DAY), "CI expires in 2 days.", ["Rotate"]),
}  # fmt: skip


def test_banner_is_the_worst_case_alone(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """Each case has its sentence and its actions. The worse one stands, the others are in the summary."""
    page = new_page()
    for case, (scene, sentence, actions) in reversed(BANNERS.items()):
        fill(stack, person, scene)
        if case == "expiring":
            sign_in(page, stack, person)
        else:
            page.reload()
        expect(banner(page)).to_contain_text(sentence)
        assert banner(page).get_by_role("button").all_inner_texts() == actions
    expect(banner(page).locator(".note")).to_have_count(1)
    no_violations(page)


def test_far_ends_are_no_news(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """A token that ends in five days is in the summary, not in the banner."""
    fill(stack, person, Scene("CI", used=DAY, expires=5 * DAY))
    page = new_page()
    sign_in(page, stack, person)

    expect(chip(page, "expires this week")).to_be_visible()
    expect(banner(page).locator(".note")).to_have_count(0)


def test_keep_alive_ends_the_banner(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The action of the banner changes the row in place, and the summary is read again."""
    fill(stack, person, Scene("Slack bot", used=27 * DAY))
    page = new_page()
    sign_in(page, stack, person)
    banner(page).get_by_role("button", name="Keep alive").click()

    expect(banner(page).locator(".note")).to_have_count(0)
    expect(row(page, "Slack bot")).to_contain_text("Idle in 30 days")
    expect(chip(page, "goes idle")).to_have_count(0)


def test_banner_revokes_the_old_string(busy: Page) -> None:
    """ "Revoke now" asks first, and names the token."""
    banner(busy).get_by_role("button", name="Revoke now…").click()
    dialog = busy.get_by_role("dialog")
    expect(dialog).to_contain_text("Revoke Billing sync?")
    dialog.get_by_role("button", name="Revoke token").click()

    expect(banner(busy)).not_to_contain_text("Billing sync")
    expect(chip(busy, "ended")).to_contain_text("4 ended")


def test_action_changes_the_row_in_place(busy: Page) -> None:
    """The row stays where it is and keeps the focus. The summary counts again."""
    asked = calls(busy)
    act(busy, "Grafana", "Pause")
    expect(row(busy, "Grafana")).to_contain_text("Paused")
    expect(chip(busy, "paused")).to_contain_text("2 paused")

    expect(row(busy, "Grafana")).to_be_focused()
    assert [call for call in asked if call.startswith("GET")] == ["GET tokens/summary"]


def test_rows_are_one_tab_stop_with_a_keyboard_of_their_own(busy: Page) -> None:
    """ "/" leads to the search. The arrows, Home and End move, Right opens the menu and Esc returns."""
    busy.keyboard.press("/")
    expect(box(busy)).to_be_focused()
    busy.get_by_role("columnheader", name="Ends").get_by_role("button").focus()
    busy.keyboard.press("Tab")
    expect(rows(busy).first).to_be_focused()
    busy.keyboard.press("ArrowDown")
    expect(rows(busy).nth(1)).to_be_focused()
    busy.keyboard.press("End")
    expect(rows(busy).last).to_be_focused()
    busy.keyboard.press("Home")
    busy.keyboard.press("ArrowRight")
    expect(busy.get_by_role("menuitem", name="Open")).to_be_focused()
    busy.keyboard.press("Escape")
    expect(rows(busy).first).to_be_focused()
    busy.keyboard.press("Shift+F10")
    busy.keyboard.press("k")
    expect(busy.get_by_role("menuitem", name="Keep alive")).to_be_focused()
    busy.keyboard.press("Escape")
    busy.keyboard.press("Enter")
    expect(rows(busy).first).to_have_class(re.compile("is-open"))
    assert query_of(busy) == {"token": rows(busy).first.get_attribute("data-row")}
    assert busy.locator("[data-row][tabindex='0']").count() == 1
    assert busy.locator("[data-row] :is(a, button):not([tabindex='-1'])").count() == 0


def test_pasted_token_leads_to_its_row_and_stays_here(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """The string reaches neither the box, the address, the history, storage, a request nor the page."""
    owner = Owner(stack, person)
    fill(stack, person, *live(30), *ended(1))
    token = owner.post("/v1/tokens", {"name": "CI deploy bot"})
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(32)
    chip(page, "ended").click()
    box(page).fill("ended")
    expect(rows(page)).to_have_count(1)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data} {request.headers}"))
    before = page.evaluate("history.length")

    for text in (f'Authorization: "Bearer {token["token"]}"\n', token["token"].replace("bodhi_", "BODHI_")):
        paste(page, text)
        expect(
            page.get_by_text("This is CI deploy bot. The string stayed in this browser.")
        ).to_be_visible()
        expect(row(page, "CI deploy bot")).to_be_focused()
        expect(box(page)).to_have_value("")
    box(page).focus()
    page.keyboard.press("ControlOrMeta+z")
    secret = token["token"].split(".")[2]
    kept = page.evaluate(
        "() => JSON.stringify([location.href, {...localStorage}, {...sessionStorage}, history.state, "
        "document.documentElement.outerHTML, [...document.querySelectorAll('input')].map(i => i.value)])"
    )
    assert secret not in kept + "".join(sent)
    assert "bodhi_" not in page.url
    assert page.evaluate("history.length") == before
    no_violations(page)


def test_part_of_a_string_is_said_to_be_one(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """It is not sent anywhere, whether it was pasted or typed."""
    fill(stack, person, *live(2))
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(2)
    asked = calls(page)

    paste(page, "bodhi_eyJhbGciOiJFUzI1")
    expect(page.get_by_text("its string is not whole")).to_be_visible()
    assert asked == []
    # The next character is a search of its own, which ends the note.
    box(page).press_sequentially("bodhi_")
    expect(page.get_by_text("its string is not whole")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("its string is not whole")).to_have_count(0)
    box(page).press_sequentially("x")
    expect(box(page)).to_have_value("x")


def test_foreign_token_is_not_one_of_yours(
    new_page: NewPage, stack: LocalStack, person: str, complaints: Complaints
) -> None:
    """The id alone is asked for, and the server does not know it for this person."""
    fill(stack, person, *live(2))
    foreign = Owner(stack, f"other-{person}").post("/v1/tokens", {"name": "theirs"})
    complaints.expected = ("404",)
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(2)
    asked = calls(page)
    paste(page, foreign["token"])

    expect(page.get_by_text("This is not one of your tokens.")).to_be_visible()
    assert asked == [f"GET tokens/{foreign['id']}"]
    expect(page.get_by_text("theirs")).to_have_count(0)


def test_pasted_token_that_ended_long_ago_is_found(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """It is not among the rows that were read, so it is asked for by its id and becomes a row."""
    owner = Owner(stack, person)
    token = owner.post("/v1/tokens", {"name": "long ago"})
    status, _ = send(stack, "DELETE", f"/v1/tokens/{token['id']}", stack.login(person))
    assert status == 204
    fill(stack, person, *ended(25))
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, stack, person)
    expect(rows(page)).to_have_count(20)
    paste(page, token["token"])

    expect(page.get_by_text("This is long ago. The string stayed in this browser.")).to_be_visible()
    expect(row(page, "long ago")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_person_without_tokens_gets_one_action_and_an_example(
    new_page: NewPage, stack: LocalStack, person: str, scheme: str
) -> None:
    """The example has three languages and can be copied. The list, its search and its button come later."""
    page = new_page(
        color_scheme=scheme, reduced_motion="reduce", permissions=["clipboard-read", "clipboard-write"]
    )
    sign_in(page, stack, person)
    expect(page.get_by_role("heading", name="Let a script call the API in your name")).to_be_visible()
    expect(page.get_by_text("Up to 100 tokens. Unused for 30 days, one goes idle.")).to_be_visible()
    assert page.get_by_role("main").get_by_role("button", name=re.compile("enerate")).count() == 1
    expect(box(page)).to_be_hidden()
    for language, words in (("curl", "curl http"), ("Python", "urllib"), ("JavaScript", "await fetch")):
        page.get_by_role("tab", name=language).click()
        page.get_by_role("button", name="Copy the example").click()
        page.wait_for_function(
            "words => navigator.clipboard.readText().then(t => t.includes(words))", arg=words
        )
        assert f"{stack.url}/api/whoami" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("tab", name="JavaScript").press("ArrowRight")
    expect(page.get_by_role("tab", name="curl")).to_be_focused()
    no_violations(page)
    for width in (1440, 768, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert overflow(page) <= 0, width
    no_violations(page)
    page.get_by_role("button", name="Generate New Token").click()
    expect(page.get_by_role("dialog")).to_be_visible()
