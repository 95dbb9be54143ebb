"""Tokens in wrong hands at the page: use after rotation, and leaks."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.page.people import Owner, call_api, no_violations, open_rotate, overflow, row, rows, sign_in
from tests.support.browser import NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """Run a stack that writes every use, so that reuse can be counted."""
    with LocalStack({"LAST_USED_REFRESH_SECONDS": "0"}) as stack:
        yield stack


def test_reuse_of_a_rotated_token_is_warned_of(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The row has the count and the time. A notice is above the list, whichever rows the list shows."""
    owner, page = Owner(stack, person), new_page()
    owner.reused("nightly", times=3)
    sign_in(page, stack, person)
    notice = page.get_by_text("“nightly” was used after it was rotated. The use was refused.")
    expect(notice).to_be_visible()
    warning = "Used at least 3 times after it was rotated, last "
    expect(page.locator("tr.is-revoked .warning")).to_contain_text(warning)
    expect(page.locator("tr.is-revoked .warning")).to_contain_text("It is still in use.")

    page.get_by_label("Filter by status").select_option("active")
    expect(page.locator("tr.is-revoked")).to_have_count(0)
    expect(notice).to_be_visible()
    page.get_by_label("Filter by status").select_option("revoked")
    expect(page.locator("tr.is-revoked .warning")).to_contain_text(warning)
    expect(notice).to_be_visible()


def test_notice_does_not_depend_on_the_loaded_rows(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """The token is older than the first page of the list, and a second one is used in its overlap."""
    owner = Owner(stack, person)
    owner.reused("nightly")
    owner.reused("hourly")
    beside = owner.post("/v1/tokens", {"name": "billing"})
    owner.rotate(beside, 3600)
    assert call_api(stack, beside["token"]) == 200
    for number in range(30):
        owner.post("/v1/tokens", {"name": f"newer {number}"})
    page = new_page()
    sign_in(page, stack, person)

    expect(page.locator("tr[data-token-id]")).to_have_count(30)
    expect(row(page, "hourly")).to_have_count(0)
    notices = page.locator("#tokens-attention")
    expect(notices).to_contain_text(
        "2 rotated tokens were used after they had ended, the last one was “hourly”. The uses were refused."
    )
    expect(notices).to_contain_text("The old string of “billing” is still used, although it was rotated.")
    no_violations(page)


def test_reuse_long_ago_is_no_news(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """After a week the row still warns. The notice above the list is gone."""
    Owner(stack, person).reused("nightly")
    page = new_page()
    page.clock.install(time=time.time() + 8 * 24 * 3600)
    sign_in(page, stack, person)

    expect(page.locator("tr.is-revoked .warning")).to_contain_text(
        "Used at least once after it was rotated"
    )
    expect(page.get_by_text("was used after it was rotated. The use was refused.")).to_have_count(0)


def test_exposed_token_says_so(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The owner of a reported token sees the reason of its revocation."""
    Owner(stack, person).exposed("published")
    page = new_page()
    sign_in(page, stack, person)

    expect(row(page, "published").locator(".warning")).to_contain_text("Found exposed and revoked")


def test_family_that_was_revoked_says_why(new_page: NewPage, person: str) -> None:
    """If reuse ends the whole family, the rows of its other tokens say so."""
    with LocalStack({"ROTATED_TOKEN_REUSE": "revoke_family"}) as strict:
        Owner(strict, person).reused("nightly")
        page = new_page()
        sign_in(page, strict, person)

        expect(rows(page)[0]).to_contain_text("Revoked because a rotated token of its family was used")
        # The page must not call a stack that has stopped.
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_rotation_is_accessible_and_fits(
    new_page: NewPage, stack: LocalStack, person: str, scheme: str, width: int
) -> None:
    """axe finds no fault in rows, notice and dialogs. They need no sideways scrolling."""
    owner = Owner(stack, person)
    owner.reused("nightly", times=2)
    owner.exposed("published")
    owner.rotate(owner.post("/v1/tokens", {"name": "ci"}), 3600)
    page = new_page(color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": 740})
    sign_in(page, stack, person)
    expect(page.locator("tr[data-token-id]")).to_have_count(5)
    no_violations(page)
    assert overflow(page) <= 0
    open_rotate(page, "ci")
    no_violations(page)
    assert overflow(page) <= 0
    page.get_by_role("button", name="Rotate token").click()
    expect(page.locator("#new-token")).to_be_visible()
    no_violations(page)
    assert overflow(page) <= 0
