"""A visitor of the deployed page, who keeps cookies, follows redirects and uses https addresses."""

from __future__ import annotations

import re
import uuid
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.support import canaries
from tests.support.deployed import Deployed


def somebody() -> str:
    """Return the subject of a new user."""
    return f"{uuid.uuid4().hex[:12]}@example.com"


class _ToTheEmulator(HTTPAdapter):
    """Takes requests for the API's https address to the emulator's port."""

    def __init__(self, stack: Deployed) -> None:
        super().__init__()
        self._stack = stack

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request for https over plain http. The response names the https address."""
        taken = request.copy()
        assert request.url is not None
        taken.url = request.url.replace(f"https://{self._stack.host}", self._stack.settings.aws_url, 1)
        taken.headers["Host"] = self._stack.host
        response = super().send(taken, *args, **options)
        response.request, response.url = request, request.url
        return response


class Visitor(requests.Session):
    """A person with a browser."""

    def __init__(self, stack: Deployed) -> None:
        super().__init__()
        # Not by way of a proxy that the environment names.
        self.trust_env = False
        self.site = f"https://{stack.host}{stack.prefix}"
        self.origin = f"https://{stack.host}"
        self.mount(self.site, _ToTheEmulator(stack))

    def sign_in(self, subject: str) -> requests.Response:
        """Ask for the page, fill in the provider's form, and return the last response."""
        form = self.get(f"{self.site}/", timeout=30)
        assert form.url.startswith("http://127.0.0.1:"), form.url
        back = self.post(form.url, data={"sub": subject}, timeout=30)
        for cookie in self.cookies:
            canaries.remember(cookie.value or "")
        return back

    def page_data(self, name: str) -> str:
        """Return a value that the page hands to its script."""
        page = self.get(f"{self.site}/settings/api-tokens", timeout=30).text
        found = re.search(rf'data-{name}="([^"]*)"', page)
        assert found, page
        return found.group(1)

    def change(self, method: str, path: str, body: Any) -> requests.Response:
        """Ask for a change as the page's script does."""
        headers = {"Origin": self.origin, "X-CSRF-Token": self.page_data("csrf-token")}
        return self.request(method, f"{self.site}{path}", json=body, headers=headers, timeout=30)
