"""A browser without a screen or scripts. It keeps cookies, sends its origin and follows redirects."""

import re
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalice.test import HTTPResponse

from tests.support import canaries, contract
from tests.support.api import Answer, Api

LOCAL = "127.0.0.1:8000"


class Browser:
    """A browser that visits the app in process at one host."""

    def __init__(self, api: Api, host: str = LOCAL) -> None:
        self._client = api.client
        self.host = host
        self.cookies: dict[str, str] = {}

    @property
    def origin(self) -> str:
        """The origin of the page, as the browser sends it."""
        return f"http://{self.host}" if self.host == LOCAL else f"https://{self.host}"

    def visit(self, path: str) -> HTTPResponse:
        """Load a page."""
        return self.send("GET", path, {})

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> HTTPResponse:
        """Send a request with the kept cookies, and keep the cookies of the response."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Host": self.host, **({"Cookie": cookies} if cookies else {}), **headers}
        response = self._client.http.request(method, path, headers=sent, body=body)
        over_tls = self.host != LOCAL
        contract.check_headers(f"{method} {path}", response.headers, over_tls=over_tls)
        self._keep(response.headers.get("Set-Cookie", []))
        Api.watch(method, path, Answer(response.status_code, {}, response.body.decode()))
        return response

    def sign_in(self, subject: str) -> None:
        """Go through the provider and come back."""
        back = self.come_back(self.leave(), subject)
        assert back.status_code == 302, back.body

    def leave(self, return_to: str = "/settings/api-tokens") -> str:
        """Begin to sign in, as one tab does. Return the state that went to the provider."""
        leaving = self.visit(f"/login?return_to={return_to}")
        return parse_qs(urlsplit(leaving.headers["Location"]).query)["state"][0]

    def come_back(self, state: str, subject: str) -> HTTPResponse:
        """Return from the provider after ``subject`` has signed in."""
        return self.visit(f"/login/callback?code={subject}&state={state}")

    def page_data(self, name: str) -> str:
        """Return data that the page has for its script."""
        page = self.visit("/settings/api-tokens").body.decode()
        match = re.search(rf'data-{name}="([^"]*)"', page)
        assert match, page
        return match.group(1)

    def change(
        self, method: str, path: str, body: bytes = b"{}", headers: Mapping[str, str] | None = None
    ) -> HTTPResponse:
        """Send a change as the page's script does."""
        usual = {
            "Origin": self.origin,
            "X-CSRF-Token": self.page_data("csrf-token"),
            "Content-Type": "application/json",
        }
        merged = {**usual, **(headers or {})}
        return self.send(method, path, {k: v for k, v in merged.items() if v}, body)

    def _keep(self, set_cookies: Any) -> None:
        for header in [set_cookies] if isinstance(set_cookies, str) else set_cookies:
            for name, morsel in SimpleCookie(header).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    canaries.remember(morsel.value)
                    self.cookies[name] = morsel.value
