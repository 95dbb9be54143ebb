"""Jobs for many tokens, in a real browser: ticks, the bar, the question, the progress."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.page.people import PAGE, Owner, call_api, no_violations, overflow, rows_of, send, sign_in
from tests.page.test_all_tokens_in_browser import ADMIN, a_token, lists, names
from tests.support.browser import Complaints, NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

JOBS = "**/v1/admin/revocations"
JOB = "job_" + "0" * 26
COUNTS = {"tokens": 214, "people": 38, "already_revoked": 0, "not_found": 0, "failed": 0}


def a_job(**members: Any) -> dict[str, Any]:
    """Return a job as the API shows it."""
    usual = {
        "id": JOB, "action": "revoke", "status": "finished", "stopped_because": None, "reason": "admin",
        "dry_run": False, "requested_by": "usr_1", "requested_at": "2026-02-01T12:00:00.000Z",
        "updated_at": "2026-02-01T12:00:00.000Z", "progress": {"done": 214, "total": None},
        "counts": COUNTS, "effective_by": None,
    }  # fmt: skip
    return {**usual, **members}


class Jobs:
    """A server that starts jobs. Each response is a job, a status or None for a lost response."""

    def __init__(self, page: Page, *responses: Any) -> None:
        self.sent: list[Any] = []
        self.keys: list[str] = []
        self._responses = list(responses)
        page.route(JOBS, self._respond)

    def _respond(self, route: Route) -> None:
        self.sent.append(route.request.post_data_json)
        self.keys.append(route.request.headers["idempotency-key"])
        response = self._responses.pop(0)
        if response is None:
            route.abort()
        elif isinstance(response, tuple):
            status, detail = response
            route.fulfill(status=status, json={"code": "x", "detail": detail})
        else:
            route.fulfill(status=202, json=response)


@pytest.fixture
def admin(new_page: NewPage, stack: LocalStack) -> Callable[..., Page]:
    """Return a function that opens All tokens with a query of the address, for an administrator."""

    def open_view(query: str, **options: Any) -> Page:
        # Contrast is measured, so no dialog may be half shown.
        page = new_page(reduced_motion="reduce", **options)
        sign_in(page, stack, ADMIN)
        page.goto(f"{stack.url}{PAGE}?view=all{query}")
        return page

    return open_view


@pytest.fixture
def listed(admin: Callable[..., Page], new_page: NewPage, stack: LocalStack) -> Callable[..., Page]:
    """Return a function that opens All tokens with these pages of a list."""

    def open_view(*pages: list[dict[str, Any]], query: str = "", **options: Any) -> Page:
        page = admin("", **options)
        lists(page, *pages)
        page.goto(f"{stack.url}{PAGE}?view=all{query}")
        expect(rows_of(page)).to_have_count(sum(map(len, pages[:1])))
        return page

    return open_view


def bar_of(page: Page) -> Locator:
    """Return the bar for ticked tokens."""
    return page.get_by_role("region", name="Selected tokens")


def ask(page: Page, action: str = "Revoke…") -> Locator:
    """Open the question about the ticked tokens."""
    bar_of(page).get_by_role("button", name=action).click()
    return page.get_by_role("dialog")


def tick_all(page: Page) -> None:
    """Tick all rows."""
    page.get_by_label("Select all rows").check()


def test_few_tokens_are_revoked_by_name(admin: Callable[..., Page], stack: LocalStack, person: str) -> None:
    """Space ticks, Shift and the arrows extend. Up to five tokens are named, and nothing is typed."""
    owner = Owner(stack, person)
    tokens = [owner.post("/v1/tokens", {"name": f"few {number}"}) for number in range(4)]
    page = admin(f"&user={owner.me()['id']}")
    expect(rows_of(page)).to_have_count(4)
    kept = names(page).first.text_content()
    rows_of(page).nth(1).focus()
    page.keyboard.press("Space")
    expect(bar_of(page)).to_contain_text("1 selected")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(bar_of(page)).to_contain_text("3 selected")
    expect(rows_of(page).nth(3)).to_be_focused()
    expect(page.get_by_label("Select all rows")).to_have_js_property("indeterminate", value=True)
    dialog = ask(page)
    expect(dialog.get_by_role("heading", name="Revoke 3 tokens?")).to_be_visible()
    expect(dialog.get_by_role("listitem")).to_have_count(3)
    expect(dialog.get_by_role("textbox")).to_have_count(0)
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    no_violations(page)
    dialog.get_by_role("button", name="Revoke 3 tokens").click()
    expect(page.locator(".toast")).to_contain_text("3 tokens of 1 person are revoked.")
    expect(bar_of(page)).to_be_hidden()
    expect(rows_of(page).filter(has_text="Revoked")).to_have_count(3)
    statuses = {token["name"]: call_api(stack, token["token"]) for token in tokens}
    assert [name for name, status in statuses.items() if status == 200] == [kept]


def test_many_tokens_are_counted_and_the_number_is_typed(
    admin: Callable[..., Page], stack: LocalStack, person: str
) -> None:
    """The question has the count of a dry run and what is left out. The button waits for the number."""
    owner = Owner(stack, person)
    tokens = [owner.post("/v1/tokens", {"name": f"many {number}"}) for number in range(7)]
    assert call_api(stack, tokens[0]["token"]) == 200
    old = owner.post("/v1/tokens", {"name": "ended"})
    user_id, jwt = owner.me()["id"], stack.login("admin@example.com")
    assert send(stack, "DELETE", f"/v1/users/{user_id}/tokens/{old['id']}", jwt)[0] == 204
    page = admin(f"&user={user_id}")
    expect(rows_of(page)).to_have_count(8)
    tick_all(page)
    dialog = ask(page)
    expect(dialog.get_by_role("heading", name="Revoke 7 tokens?")).to_be_visible()
    expect(dialog).to_contain_text("One other cannot be revoked.")
    expect(dialog.locator(".facts")).to_have_text(re.compile("Tokens7People1Used in 30 days[01]"))
    expect(dialog).to_contain_text(re.compile("Counted (just now|[0-9]+ seconds? ago)"))
    no_violations(page)
    submit = dialog.get_by_role("button", name="Revoke 7 tokens")
    expect(submit).to_be_disabled()
    dialog.get_by_label("Type 7 to confirm").fill("8")
    expect(submit).to_be_disabled()
    dialog.get_by_label("They leaked").check(force=True)
    dialog.get_by_label("Type 7 to confirm").fill("7")
    submit.click()
    expect(page.locator(".toast")).to_contain_text("7 tokens of 1 person are revoked.")
    expect(rows_of(page).filter(has_text="Exposed")).to_have_count(7)
    assert {call_api(stack, token["token"]) for token in tokens} == {401}


def test_tokens_are_paused(admin: Callable[..., Page], stack: LocalStack, person: str) -> None:
    """A pause is not typed, and leaves ended tokens alone."""
    owner = Owner(stack, person)
    tokens = [owner.post("/v1/tokens", {"name": f"pause {number}"}) for number in range(3)]
    owner.rotate(tokens[2])
    page = admin(f"&user={owner.me()['id']}")
    expect(rows_of(page)).to_have_count(4)
    tick_all(page)
    dialog = ask(page, "Pause")
    expect(dialog).to_contain_text("Their owners can re-activate them. One other cannot be paused.")
    dialog.get_by_role("button", name="Pause 3 tokens").click()
    expect(rows_of(page).filter(has_text="Paused")).to_have_count(3)


def test_all_that_match_are_a_job_of_the_filter(listed: Callable[..., Page]) -> None:
    """If more pages follow, the job gets the filter. One row that is unticked is left out by its id."""
    page = listed([a_token(n) for n in range(50)], [a_token(60)], query="&show=unused&status=active")
    jobs = Jobs(page, a_job(dry_run=True), a_job())
    tick_all(page)
    expect(bar_of(page)).to_contain_text("50 selected")
    bar_of(page).get_by_role("button", name="Select all that match").click()
    expect(bar_of(page)).to_contain_text("All that match selected")
    rows_of(page).first.locator(".tick").uncheck()
    expect(bar_of(page)).to_contain_text("49 selected")
    bar_of(page).get_by_role("button", name="Select all that match").click()
    dialog = ask(page)
    expect(dialog).to_contain_text(
        "All tokens that match “active, unused for 14 days” stop working for good"
    )
    expect(dialog.get_by_role("heading", name="Revoke 214 tokens?")).to_be_visible()
    dialog.get_by_label("Type 214 to confirm").fill("214")
    dialog.get_by_role("button", name="Revoke 214 tokens").click()
    expect(page.locator(".toast")).to_contain_text("214 tokens of 38 people are revoked.")
    wanted = {"status": "active", "unused_days": 14}
    assert jobs.sent == [
        {"filter": wanted, "reason": "admin", "dry_run": True}, {"filter": wanted, "reason": "admin"},
    ]  # fmt: skip


def test_all_hits_of_a_search_are_named(listed: Callable[..., Page]) -> None:
    """No filter of a job means what a search means, so the page reads all hits first."""
    page = listed([a_token(n) for n in range(50)], [a_token(60), a_token(61)], query="&q=ci")
    jobs = Jobs(page, a_job(dry_run=True))
    tick_all(page)
    bar_of(page).get_by_role("button", name="Select all that match").click()
    expect(bar_of(page)).to_contain_text("52 selected")
    ask(page)
    expect(page.get_by_role("dialog").locator(".facts")).to_contain_text("214")
    assert len(jobs.sent[0]["token_ids"]) == 52


def test_lost_response_is_repeated_with_the_same_key(
    listed: Callable[..., Page], complaints: Complaints
) -> None:
    """The question stays open, and the second try starts no second job."""
    complaints.expected = ("Failed to load resource", "ERR_FAILED")
    page = listed([a_token(n) for n in range(6)])
    counted = a_job(dry_run=True, counts={**COUNTS, "tokens": 6})
    jobs = Jobs(page, None, counted, None, (429, "Too many jobs are running."), a_job())
    tick_all(page)
    dialog = ask(page)
    expect(dialog.get_by_role("alert")).to_contain_text("The server could not be reached.")
    dialog.get_by_role("button", name="Count again").click()
    dialog.get_by_label("Type 6 to confirm").fill("6")
    submit = dialog.get_by_role("button", name="Revoke 6 tokens")
    submit.click()
    expect(dialog.get_by_role("alert")).to_contain_text("The server could not be reached.")
    submit.click()
    expect(dialog.get_by_role("alert")).to_contain_text("Too many jobs are running.")
    submit.click()
    expect(dialog).to_have_count(0)
    first, second, *changes = jobs.keys
    assert first == second
    assert len(set(changes)) == 1
    assert changes[0] != first


def test_old_count_is_counted_again(listed: Callable[..., Page], stack: LocalStack) -> None:
    """After a minute the button asks for a new count, which may be another one."""
    page = listed([a_token(n) for n in range(6)])
    page.clock.install()
    page.reload()
    expect(rows_of(page)).to_have_count(6)
    six, five = ({**COUNTS, "tokens": number} for number in (6, 5))
    jobs = Jobs(page, a_job(dry_run=True, counts=six), a_job(dry_run=True, counts=five))
    tick_all(page)
    dialog = ask(page)
    dialog.get_by_label("Type 6 to confirm").fill("6")
    expect(dialog.get_by_role("button", name="Revoke 6 tokens")).to_be_enabled()
    page.clock.fast_forward(61_000)
    expect(dialog.get_by_role("button", name="Revoke")).to_have_count(0)
    dialog.get_by_role("button", name="Count again").click()
    expect(dialog.get_by_label("Type 5 to confirm")).to_be_visible()
    expect(dialog.get_by_role("button", name="Revoke 5 tokens")).to_be_disabled()
    assert jobs.keys[0] != jobs.keys[1]


def test_job_that_goes_on_is_shown_also_after_a_reload(listed: Callable[..., Page]) -> None:
    """Its id is in the address. The strip shows the progress, then the end, until it is dismissed."""
    page = listed([a_token(n) for n in range(6)])
    running = a_job(status="running", progress={"done": 100, "total": 214})
    states = [running] * 3
    page.route(f"{JOBS}/{JOB}", lambda route: route.fulfill(json=states.pop() if states else a_job()))
    Jobs(page, a_job(dry_run=True, counts={**COUNTS, "tokens": 6}), running)
    tick_all(page)
    dialog = ask(page)
    dialog.get_by_label("Type 6 to confirm").fill("6")
    dialog.get_by_role("button", name="Revoke 6 tokens").click()
    strip = page.locator(".job")
    expect(strip).to_contain_text("Revoking 214 tokens: 100 of 214 done.")
    expect(strip.get_by_role("progressbar")).to_have_attribute("value", "100")
    no_violations(page)
    expect(page).to_have_url(re.compile(f"job={JOB}"))
    page.reload()
    expect(strip).to_contain_text("Revoking 214 tokens")
    expect(strip).to_contain_text("214 tokens of 38 people are revoked.")
    strip.get_by_role("button", name="Dismiss").click()
    expect(strip).to_be_hidden()
    assert "job=" not in page.url


def test_stopped_and_forgotten_jobs_are_said(
    listed: Callable[..., Page], complaints: Complaints, stack: LocalStack
) -> None:
    """A job stops with its administrator's role. The list does not need a job that is deleted."""
    complaints.expected = ("404",)
    page = listed([a_token(1)])
    page.route(f"{JOBS}/{JOB}", lambda route: route.fulfill(json=a_job(status="stopped")))
    page.goto(f"{stack.url}{PAGE}?view=all&job={JOB}")
    expect(page.locator(".job")).to_contain_text("The job has stopped")
    page.unroute(f"{JOBS}/{JOB}")
    page.goto(f"{stack.url}{PAGE}?view=all&job=job_{'1' * 26}")
    expect(page.locator(".job")).to_contain_text("This job is not kept any more.")
    expect(rows_of(page)).to_have_count(1)


def test_ended_tokens_leave_nothing_to_do(listed: Callable[..., Page]) -> None:
    """No job is started for them."""
    ended = {"status": "revoked", "revoked_reason": "owner", "revoked_at": "2026-02-01T12:00:00.000Z"}
    page = listed([a_token(1, **ended), a_token(2, **ended)])
    jobs = Jobs(page)
    tick_all(page)
    dialog = ask(page)
    expect(dialog.get_by_role("heading", name="Nothing to revoke")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    assert jobs.sent == []


@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (1024, "dark"), (390, "light"), (320, "dark")]
)
def test_bar_covers_no_row(listed: Callable[..., Page], width: int, scheme: str) -> None:
    """A row that gets the focus is above the bar, and the last row can be scrolled above it."""
    page = listed(
        [a_token(n) for n in range(30)], viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    before = rows_of(page).first.bounding_box()
    rows_of(page).first.locator(".tick").check()
    assert rows_of(page).first.bounding_box() == before
    above = """selector => document.querySelector(selector).getBoundingClientRect().bottom
        <= document.querySelector('.bulk').getBoundingClientRect().top"""
    rows_of(page).first.focus()
    for key in [*["ArrowDown"] * 14, "End"]:
        page.keyboard.press(key)
        page.wait_for_function(above, arg="[data-row]:focus")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function(above, arg="section:not([hidden]) .list-end")
    assert overflow(page) <= 0
    no_violations(page)
    ask(page)
    assert overflow(page) <= 0
    no_violations(page)


def test_selection_ends_with_the_view(listed: Callable[..., Page]) -> None:
    """Clear and another search untick all. The bar of another view is not shown."""
    page = listed([a_token(n) for n in range(3)])
    tick_all(page)
    bar_of(page).get_by_role("button", name="Clear the selection").click()
    expect(bar_of(page)).to_be_hidden()
    expect(rows_of(page).first).to_be_focused()
    tick_all(page)
    page.get_by_role("link", name="Users", exact=True).click()
    expect(page.get_by_role("heading", name="Users", exact=True)).to_be_visible()
    expect(bar_of(page)).to_be_hidden()
    page.go_back()
    expect(bar_of(page)).to_be_visible()
    page.get_by_role("searchbox").fill("x")
    expect(bar_of(page)).to_be_hidden()
