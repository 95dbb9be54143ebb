"""Signing in at the page at the development provider: a real one, over HTTP, with the real adapters."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import urllib3

from chalicelib.adapters.clock import SystemClock
from infra.local import programs
from infra.local.children import Child
from infra.local.settings import StackSettings
from tests.page.browser import Browser
from tests.support.api import api_of
from tests.support.local_stack import free_ports
from tests.support.service import MemoryService

pytestmark = pytest.mark.slow


class ConnectedService(MemoryService):
    """The service over the store in memory, with the real adapters and the real time."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(environ)
        self.clock = SystemClock()  # type: ignore[assignment]
        # The real parts are built instead.
        del self.http, self.login_provider


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackSettings]:
    """Run the development provider."""
    state_dir: Path = tmp_path_factory.mktemp("provider")
    (state_dir / "logs").mkdir()
    names = ("PORT", "OIDC_PORT", "AWS_PORT")
    ports = {name: str(port) for name, port in zip(names, free_ports(3), strict=True)}
    settings = StackSettings.from_environ({**ports, "STATE_DIR": str(state_dir)})
    child = Child(programs.provider(settings))
    try:
        child.wait_until_it_responds()
        yield settings
    finally:
        child.kill()
        child.wait_stopped()


def test_person_signs_in_in_two_tabs(provider: StackSettings) -> None:
    """The whole way in both tabs, from the page to the provider's form and back."""
    environ = {
        "OIDC_ISSUER": provider.oidc_url,
        "OIDC_CLIENT_ID": provider.client_id,
        "OIDC_CLIENT_SECRET": "a+b:c%",
    }
    with api_of(ConnectedService(environ)) as api:
        browser = Browser(api)
        leaving = [browser.visit("/login").headers["Location"] for _ in range(2)]
        for url in leaving:
            form = urllib3.request("POST", url, fields={"sub": "ada@example.com"}, redirect=False)
            back = form.headers["Location"].removeprefix(browser.origin)
            assert browser.visit(back).headers["Location"] == "/settings/api-tokens"

        me = json.loads(browser.visit("/v1/me").body)

    assert (me["subject"], me["issuer"]) == ("ada@example.com", provider.oidc_url)
    assert set(browser.cookies) == {"bodhi_session"}
