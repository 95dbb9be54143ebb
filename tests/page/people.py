"""Actions of people at the page in a real browser, and calls outside the browser."""

import contextlib
import http.client
import json
import re
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FloatRect, Locator, Page, Route, expect

from tests.support.local_stack import LocalStack

PAGE = "/settings/api-tokens"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def sign_in(page: Page, stack: LocalStack, subject: str) -> None:
    """Sign in, and open the page."""
    come_in(page, stack, subject)
    page.goto(f"{stack.url}{PAGE}")
    expect(page.get_by_role("heading", name="My tokens", exact=True)).to_be_visible()


def come_in(page: Page, stack: LocalStack, subject: str) -> None:
    """Sign in without a look at the provider's form. The browser then has the session's cookie."""
    form = page.request.get(f"{stack.url}/login?return_to={PAGE}")
    back = page.request.post(form.url, form={"sub": subject}, max_redirects=0)
    assert page.request.get(back.headers["location"], max_redirects=0).status == 302


def open_console(page: Page, stack: LocalStack, view: str, heading: str, query: str = "") -> Page:
    """Open a view of the console as an administrator, with a query of the address."""
    come_in(page, stack, "admin@example.com")
    page.goto(f"{stack.url}{PAGE}?view={view}{query}")
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    return page


def rows_of(page: Page) -> Locator:
    """Return the rows of the shown list."""
    return page.locator("section:not([hidden]) [data-row]")


def open_generate(page: Page) -> Locator:
    """Open the dialog that generates a token."""
    page.get_by_role("button", name="Generate New Token").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Generate new token")).to_be_visible()
    return dialog


def generate(page: Page, name: str = "") -> str:
    """Generate a token and return its string. The dialog that shows it stays open."""
    open_generate(page).get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Generate", exact=True).click()
    return shown_token(page)


def shown_token(page: Page) -> str:
    """Return the string of the token that the open dialog has, and mask it again."""
    field = page.locator("#new-token")
    expect(field).to_be_visible()
    page.get_by_role("button", name="Show token").click()
    token = field.input_value()
    page.get_by_role("button", name="Hide token").click()
    return token


def leave_uncopied(page: Page) -> None:
    """Close the dialog of a new token without a copy of it."""
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Close without it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def call_api(stack: LocalStack, token: str) -> int:
    """Return the status of a call of the protected API."""
    return send(stack, "GET", "/api/whoami", token)[0]


def send(stack: LocalStack, method: str, path: str, credential: str, body: Any = None) -> tuple[int, bytes]:
    """Return status and body of a call outside the browser."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.settings.port, timeout=30)
    headers = {"Authorization": f"Bearer {credential}", "Content-Type": "application/json"}
    with contextlib.closing(connection):
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        return response.status, response.read()


def row(page: Page, name: str) -> Any:
    """Return the list's row of a token."""
    return page.locator("[data-row]").filter(has_text=name)


def act(page: Page, name: str, action: str, number: int = 0) -> None:
    """Choose an action in the menu of a token's row. Of several rows with the name, take the given one."""
    row(page, name).nth(number).locator("[data-menu]").click()
    page.get_by_role("menuitem", name=re.compile(f"^{re.escape(action)}")).click()


# Endless animations, as of a skeleton, never finish.
_AT_REST = """async () => {
  const ends = (animation) => animation.effect.getComputedTiming().endTime !== Infinity;
  await Promise.allSettled(document.getAnimations().filter(ends).map((animation) => animation.finished));
}"""


def no_violations(page: Page, where: str = "") -> None:
    """Fail on anything that axe finds once all transitions have ended. ``where`` is in the message."""
    page.evaluate(_AT_REST)
    results = Axe().run(page)
    assert results.violations_count == 0, f"{where} {results.generate_report()}"


def places(*elements: Locator) -> list[FloatRect]:
    """Return where visible elements of a page are, once nothing moves."""
    for _ in range(50):
        elements[0].page.evaluate(_AT_REST)
        first, second = ([each.bounding_box() for each in elements] for _ in range(2))
        if first == second and all(first):
            return [box for box in first if box]
    pytest.fail("the page does not come to rest, or an element is not visible")


def fits_in_both_themes(page: Page) -> None:
    """Fail if axe finds anything in the light or dark theme, or if the page is wider than the screen.

    A theme is a matter of styles alone, so the page is not loaded again.
    """
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        no_violations(page, scheme)
        assert overflow(page) <= 0, scheme


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of this name has the focus."""
    target = page.get_by_role("button", name=name, exact=True)
    for _ in range(60):
        if target.count() and target.first.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never reached {name}")


def overflow(page: Page) -> int:
    """Return the pixels by which the page is wider than the screen."""
    script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(script))


def open_rotate(page: Page, name: str) -> Locator:
    """Open the dialog that rotates a token."""
    act(page, name, "Rotate")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name=f"Rotate {name}?")).to_be_visible()
    return dialog


def rotate(page: Page, name: str) -> str:
    """Rotate a token with the dialog's default choice, and return the successor's string."""
    open_rotate(page, name).get_by_role("button", name="Rotate token").click()
    return shown_token(page)


def rows(page: Page) -> tuple[Locator, Locator]:
    """Return the only two rows: of a successor and of its predecessor."""
    expect(page.locator("[data-row]")).to_have_count(2)
    return page.locator("[data-row]").first, page.locator("[data-row]").last


def behind_stage(page: Page, stack: LocalStack) -> tuple[Page, list[str]]:
    """Open the page under a stage for the person at ``page``. Return it and the URLs of its requests."""
    # The page that signed in may still be loading at the root, so open a second one.
    staged = page.context.new_page()
    asked: list[str] = []

    def forward(route: Route) -> None:
        asked.append(route.request.url)
        if route.request.url.endswith(f"/dev{PAGE}"):
            source = page.context.request.get(f"{stack.url}{PAGE}").text()
            body = source.replace('data-base=""', 'data-base="/dev"').replace('"/assets/', '"/dev/assets/')
            route.fulfill(body=body, content_type="text/html")
        else:
            route.continue_(url=route.request.url.replace("/dev/", "/", 1))

    staged.route("**/*", forward)
    staged.goto(f"{stack.url}/dev{PAGE}")
    return staged, asked


class Owner:
    """A person with tokens who calls the API without a browser."""

    def __init__(self, stack: LocalStack, subject: str) -> None:
        self._stack = stack
        self._jwt = stack.login(subject)

    def post(self, path: str, body: Any = None) -> Any:
        """Create a resource and return it."""
        status, text = send(self._stack, "POST", path, self._jwt, body)
        assert status == 201, text
        return json.loads(text)

    def me(self) -> Any:
        """Return the person's account."""
        return json.loads(send(self._stack, "GET", "/v1/me", self._jwt)[1])

    def change(self, token: Any, **members: str) -> None:
        """Change a token."""
        assert send(self._stack, "PATCH", f"/v1/tokens/{token['id']}", self._jwt, members)[0] == 200

    def rotate(self, token: Any, seconds: int = 0) -> Any:
        """Rotate a token and return its successor."""
        return self.post(f"/v1/tokens/{token['id']}/rotate", {"overlap_seconds": seconds})

    def rotate_itself(self, token: Any, seconds: int = 0) -> Any:
        """Let a token rotate itself and return its successor."""
        body = {"overlap_seconds": seconds}
        status, text = send(self._stack, "POST", "/v1/tokens/self/rotate", token["token"], body)
        assert status == 201, text
        return json.loads(text)

    def reused(self, name: str, times: int = 1) -> Any:
        """Create a token that is rotated and then used. Return its successor."""
        token = self.post("/v1/tokens", {"name": name})
        successor = self.rotate(token)
        for _ in range(times):
            assert call_api(self._stack, token["token"]) == 401
        return successor

    def exposed(self, name: str) -> None:
        """Create a token that is found in public and reported."""
        token = self.post("/v1/tokens", {"name": name})
        assert send(self._stack, "POST", "/v1/exposed", "", {"tokens": [token["token"]]})[0] == 202
