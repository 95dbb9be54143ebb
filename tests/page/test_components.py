"""The page of all components: it can be used, and each of its pictures is the reference's."""

import pytest
from playwright.sync_api import Page, expect

from tests.page.people import SCHEMES, fits_in_both_themes
from tests.page.pictures import difference, looks_the_same, use_one_font
from tests.support.browser import NewPage
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]


def components(new_page: NewPage, stack: LocalStack, scheme: str, width: int = 900) -> Page:
    """Open the page of components."""
    page = new_page(
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 800},
        bypass_csp=True,
    )
    page.goto(f"{stack.url}/components")
    expect(page.locator("body[data-ready]")).to_be_visible()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_components_look_as_before(new_page: NewPage, stack: LocalStack, scheme: str) -> None:
    """All components in all states are as on their reference pictures."""
    page = components(new_page, stack, scheme)
    use_one_font(page)
    looks_the_same(page, f"components-{scheme}", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_menu_and_dialog_look_as_before(new_page: NewPage, stack: LocalStack, scheme: str) -> None:
    """A menu with a reason, and a question, are as on their reference pictures."""
    page = components(new_page, stack, scheme)
    use_one_font(page)
    page.get_by_role("button", name="Menu", exact=True).click()
    looks_the_same(page, f"menu-{scheme}")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Dialog", exact=True).click()
    looks_the_same(page, f"dialog-{scheme}")


@pytest.mark.parametrize("width", [900, 320])
def test_components_are_accessible(new_page: NewPage, stack: LocalStack, width: int) -> None:
    """axe finds nothing, and nothing is wider than a small phone."""
    fits_in_both_themes(components(new_page, stack, "light", width))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_fault_of_one_theme_is_found(new_page: NewPage, stack: LocalStack, scheme: str) -> None:
    """A button that is pale in one theme only fails the check of both, which names the theme."""
    page = components(new_page, stack, "light")
    pale = ".button.primary { color: #888; background: #777; }"
    page.add_style_tag(content=f"@media (prefers-color-scheme: {scheme}) {{ {pale} }}")
    with pytest.raises(AssertionError, match=f"^{scheme} Found"):
        fits_in_both_themes(page)


def test_comparison_sees_a_change_of_one_button(new_page: NewPage, stack: LocalStack) -> None:
    """The comparison can fail: one button in another colour is seen, the same page is not."""
    page = components(new_page, stack, "light")
    before = page.screenshot(animations="disabled")
    assert difference(page, before, page.screenshot(animations="disabled")) == 0
    page.locator(".button.primary").first.evaluate("button => { button.style.background = '#c00'; }")
    assert difference(page, before, page.screenshot(animations="disabled")) > 0.002


def test_forced_colours_keep_what_has_meaning(new_page: NewPage, stack: LocalStack) -> None:
    """With forced colours the dot of "Active" and the bars of sparklines are still drawn."""
    page = new_page(forced_colors="active")
    page.goto(f"{stack.url}/components")
    expect(page.locator("body[data-ready]")).to_be_visible()
    dot = page.locator(".status .dot").evaluate("dot => getComputedStyle(dot).backgroundColor")
    bar = page.locator(".sparkline .used").first.evaluate("bar => getComputedStyle(bar).fill")
    surface = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert surface not in (dot, bar)
