"""The pictures of README and docs, made of real-looking data. ``UPDATE_PICTURES=1`` takes them again."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from infra.local.template import PROJECT_ROOT
from tests.page.people import PAGE, sign_in
from tests.page.scenes import Company
from tests.support.browser import NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

FOLDER = PROJECT_ROOT / "docs" / "images"
PERSON, ADMINISTRATOR = "usha@example.com", "admin@example.com"


def keep(page: Page, name: str) -> None:
    """Take a picture, and write it to its file if pictures are updated."""
    # Webfonts are not loaded, so the picture has the fonts of the machine that takes it.
    picture = page.screenshot(animations="disabled")
    assert len(picture) > 20_000
    if os.environ.get("UPDATE_PICTURES"):
        FOLDER.mkdir(exist_ok=True)
        Path(FOLDER / f"{name}.png").write_bytes(picture)


def test_pictures_of_the_page_can_be_taken(new_page: NewPage) -> None:
    """The list in both themes, a token's own view, and the console have rows, a chart and a warning."""
    with LocalStack() as stack:
        company = Company(stack)
        tokens = company.fill(PERSON)
        company.fill_others()
        for scheme, name in (("light", "page"), ("dark", "page-dark")):
            page = new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme, locale="en-GB")
            sign_in(page, stack, PERSON)
            expect(page.locator("[data-row]").nth(11)).to_be_visible()
            expect(page.get_by_text("Something still uses the old string of Billing sync.")).to_be_visible()
            keep(page, name)
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{stack.url}{PAGE}?token={tokens[0].id}")
        expect(page.get_by_text("Use in the last 30 days")).to_be_visible()
        expect(page.get_by_text("busiest day")).to_be_visible()
        keep(page, "token")
        page = new_page(viewport={"width": 1440, "height": 900}, color_scheme="light", locale="en-GB")
        sign_in(page, stack, ADMINISTRATOR)
        page.goto(f"{stack.url}{PAGE}?view=all")
        expect(page.locator("[data-row]").nth(11)).to_be_visible()
        keep(page, "console")
        for opened in page.context.browser.contexts if page.context.browser else []:
            for each in opened.pages:
                # The pages must not call a stack that has stopped.
                each.close()
