"""What the tests of "My tokens" share: many tokens at once, and what the page shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, Request, expect

from chalicelib.domain.revocations import RevocationReason
from tests.page.scenes import Company, Scene, steady

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.tokens import Token
    from tests.support.local_stack import LocalStack

DAY = timedelta(days=1)
BY_OWNER = RevocationReason.OWNER


def fill(stack: LocalStack, person: str, *scenes: Scene) -> Sequence[Token]:
    """Give a person tokens, and return them."""
    return Company(stack).fill(person, scenes)


def live(count: int) -> Sequence[Scene]:
    """Return scenes of live tokens that were used at different times."""
    return [
        Scene(
            f"live {number}",
            f"number {number}",
            used=timedelta(minutes=number + 1),
            rhythm=steady(number + 1),
        )
        for number in range(count)
    ]


def ended(count: int) -> Sequence[Scene]:
    """Return scenes of tokens that their owner revoked."""
    return [
        Scene(f"ended {number}", used=(number + 9) * DAY, age=90 * DAY, revoked=(BY_OWNER, 8 * DAY))
        for number in range(count)
    ]


def rows(page: Page) -> Locator:
    """Return all rows of the list."""
    return page.locator("[data-row]")


def names(page: Page) -> list[str]:
    """Return the names of the rows, in their order."""
    return page.locator("[data-row] .name").all_inner_texts()


def chip(page: Page, words: str) -> Locator:
    """Return a part of the summary."""
    return page.locator(".summary").get_by_role("button", name=words)


def banner(page: Page) -> Locator:
    """Return the top of the list."""
    return page.locator(".banner-place")


def box(page: Page) -> Locator:
    """Return the search box."""
    return page.get_by_role("searchbox", name="Search, or paste a token")


def paste(page: Page, text: str) -> None:
    """Paste a text into the search box, as the browser does."""
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    box(page).focus()
    page.keyboard.press("ControlOrMeta+v")


def open_list(page: Page, stack: LocalStack, query: str = "") -> None:
    """Open the list of a person who is signed in, and wait for its rows."""
    page.goto(f"{stack.url}/settings/api-tokens{query}")
    expect(page.locator(".summary")).to_be_visible()


def calls(page: Page) -> list[str]:
    """Return a list that gets the paths of the calls from now on."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/v1/" in request.url:
            asked.append(f"{request.method} {request.url.split('/v1/', 1)[1]}")

    page.on("request", note)
    return asked
