"""The deployed page in a real browser, over TLS and under the stage's name."""

import uuid
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.page.people import act, generate, leave_uncopied, row
from tests.stack.calls import Caller
from tests.stack.tls import tls_before
from tests.support import canaries
from tests.support.browser import NewPage
from tests.support.deployed import Deployed

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]


def test_person_signs_in_generates_and_revokes(
    new_page: NewPage,
    stack: Deployed,
    caller: Caller,
    tmp_path: Path,
) -> None:
    """Cookies that only this host can set, scripts and calls that find their way under the stage."""
    with tls_before(stack.settings.aws_port, tmp_path) as port:
        site = f"https://{stack.api_id}.execute-api.localhost:{port}{stack.prefix}"
        page = new_page(ignore_https_errors=True)
        page.goto(f"{site}/")
        page.locator("input[name=sub]").fill(f"{uuid.uuid4().hex[:12]}@example.com")
        page.locator("input[name=sub]").press("Enter")
        expect(page.get_by_role("heading", name="My tokens", exact=True)).to_be_visible()
        assert page.url == f"{site}/settings/api-tokens"

        token = generate(page, "ci")
        canaries.remember(token)
        assert caller.whoami(token) == 200
        leave_uncopied(page)
        page.reload()
        expect(row(page, "ci")).to_be_visible()
        cookies = {c["name"]: c for c in page.context.cookies() if c["name"].startswith("__Host-")}
        assert cookies["__Host-bodhi_session"]["secure"]
        assert cookies["__Host-bodhi_session"]["httpOnly"]

        act(page, "ci", "Revoke")
        page.get_by_role("dialog").get_by_role("button", name="Revoke token").click()
        expect(row(page, "ci")).to_contain_text("Revoked")
        assert caller.whoami(token) == 401
