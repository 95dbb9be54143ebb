"""Tokens in wrong hands at the page: use after rotation, and leaks."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.page.my_tokens import DAY, banner, chip, ended, fill
from tests.page.people import Owner, act, call_api, fits_in_both_themes, no_violations, row, sign_in
from tests.page.scenes import Company
from tests.support.browser import NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """Run a stack that writes every use, so that reuse can be counted."""
    with LocalStack({"LAST_USED_REFRESH_SECONDS": "0"}) as stack:
        yield stack


def test_reuse_of_a_rotated_token_is_warned_of(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The row has the count. The banner is above the list, whichever rows the list shows."""
    owner, page = Owner(stack, person), new_page()
    owner.reused("nightly", times=3)
    sign_in(page, stack, person)
    sentence = "Something tried the old string of nightly. At least 3 times since you rotated it, last "
    expect(banner(page)).to_contain_text(sentence)
    expect(page.locator(".ended-rows [data-row]")).to_contain_text("tried 3 times since")

    chip(page, "1 live").click()
    expect(page.locator(".ended-rows [data-row]")).to_have_count(0)
    expect(banner(page)).to_contain_text(sentence)
    chip(page, "1 rotated, tried again").click()
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.locator("[data-row]")).to_contain_text("tried 3 times since")
    expect(banner(page)).to_contain_text(sentence)
    banner(page).get_by_role("button", name="Show").click()
    expect(page.locator("[data-row]")).to_have_class(re.compile("is-open"))


def test_banner_does_not_depend_on_the_loaded_rows(
    new_page: NewPage, stack: LocalStack, person: str
) -> None:
    """The tokens are behind the first page. Use in an overlap is another warning, and worse."""
    owner = Owner(stack, person)
    owner.reused("nightly")
    owner.reused("hourly")
    fill(stack, person, *ended(25))
    page = new_page()
    sign_in(page, stack, person)
    expect(page.locator(".ended-rows [data-row]")).to_have_count(20)
    expect(banner(page)).to_contain_text("Something tried the old string of hourly. ")
    expect(chip(page, "2 rotated, tried again")).to_be_visible()
    banner(page).get_by_role("button", name="Show").click()
    expect(page.locator("[data-row]")).to_have_count(2)

    beside = owner.post("/v1/tokens", {"name": "billing"})
    owner.rotate(beside, 3600)
    assert call_api(stack, beside["token"]) == 200
    page.reload()
    expect(banner(page)).to_contain_text("Something still uses the old string of billing. ")
    expect(banner(page)).not_to_contain_text("hourly")
    expect(chip(page, "1 rotated, still used")).to_be_visible()
    expect(chip(page, "2 rotated, tried again")).to_be_visible()
    no_violations(page)


def test_reuse_long_ago_is_no_news(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """After a week the row still warns. The banner and the part of the summary are gone."""
    company = Company(stack)
    Owner(stack, person).reused("nightly")
    old = next(token for token in company.tokens_of(person) if token.reuse_count)
    assert old.last_reused_at
    company.change(old, last_reused_at=old.last_reused_at - 8 * DAY)
    page = new_page()
    sign_in(page, stack, person)

    expect(page.locator(".ended-rows [data-row]")).to_contain_text("tried once since")
    expect(chip(page, "1 live")).to_be_visible()
    expect(chip(page, "tried again")).to_have_count(0)
    expect(banner(page).locator(".note")).to_have_count(0)


def test_exposed_token_says_so(new_page: NewPage, stack: LocalStack, person: str) -> None:
    """The owner of a reported token sees the reason of its revocation, in the row and above all else."""
    owner, page = Owner(stack, person), new_page()
    owner.reused("nightly")
    owner.exposed("published")
    sign_in(page, stack, person)

    expect(row(page, "published")).to_contain_text("Exposed")
    expect(row(page, "published")).to_contain_text("and revoked")
    expect(banner(page)).to_contain_text("published was found exposed. It is revoked.")


def test_family_that_was_revoked_says_why(new_page: NewPage, person: str) -> None:
    """If reuse ends the whole family, the rows of its other tokens say so."""
    with LocalStack({"ROTATED_TOKEN_REUSE": "revoke_family"}) as strict:
        Owner(strict, person).reused("nightly")
        page = new_page()
        sign_in(page, strict, person)

        expect(page.locator("[data-row]")).to_have_count(2)
        expect(row(page, "its line was reused")).to_have_count(1)
        # The page must not call a stack that has stopped.
        page.close()


@pytest.mark.parametrize("width", [1200, 320])
def test_rotation_is_accessible_and_fits(
    new_page: NewPage, stack: LocalStack, person: str, width: int
) -> None:
    """axe finds no fault in rows, banner and dialogs. They need no sideways scrolling."""
    owner = Owner(stack, person)
    owner.reused("nightly", times=2)
    owner.exposed("published")
    owner.rotate(owner.post("/v1/tokens", {"name": "ci"}), 3600)
    page = new_page(reduced_motion="reduce", viewport={"width": width, "height": 740})
    sign_in(page, stack, person)
    expect(page.locator("[data-row]")).to_have_count(5)
    fits_in_both_themes(page)
    act(page, "nightly", "Rotate")
    expect(page.get_by_role("dialog")).to_be_visible()
    fits_in_both_themes(page)
    page.get_by_role("button", name="Rotate token").click()
    expect(page.locator("#new-token")).to_be_visible()
    fits_in_both_themes(page)
