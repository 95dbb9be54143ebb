"""Where a request comes from: the site it sees, its cookies, its credentials."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlsplit

from chalice.app import Request

from chalicelib.domain.sessions import LOGIN_LIFETIME, SESSION_LIFETIME
from chalicelib.handlers.http.credentials import presented
from chalicelib.services.sign_in import Credentials
from chalicelib.settings import is_loopback

CSRF_HEADER = "X-CSRF-Token"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# A stage, or the base path of a custom domain, which may have several segments. An empty segment would
# make a browser read the next one as a host.
_PREFIX = r"(?:/[A-Za-z0-9$_.+!*'()-]+)*"


@dataclass(frozen=True, slots=True)
class Site:
    """The site as the browser sees it.

    ``prefix`` is what API Gateway puts before our paths, a stage or a base path; empty where nothing.
    """

    origin: str
    prefix: str

    @property
    def is_secure(self) -> bool:
        """Whether the site is served over TLS: always, but on this machine."""
        return self.origin.startswith("https:")

    def url(self, path: str) -> str:
        """Return the absolute URL of one of our paths."""
        return f"{self.origin}{self.prefix}{path}"


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of ours; over TLS one that no other host can set (RFC 6265bis section 4.1.3.2)."""

    name: str
    lifetime_seconds: int

    def of(self, tag: str) -> "Cookie":
        """Return the cookie of this kind with its own name, which ends in ``tag``."""
        return replace(self, name=f"{self.name}_{tag}")

    def tags(self, request: Request) -> list[str]:
        """Return the tags in the names of this kind's cookies that the browser sent."""
        prefix = f"{self.named(site_of(request))}_"
        return [name.removeprefix(prefix) for name, _ in _sent(request) if name.startswith(prefix)]

    def named(self, site: Site) -> str:
        """Return the name that the browser knows."""
        return f"__Host-{self.name}" if site.is_secure else self.name

    def set(self, site: Site, value: str) -> str:
        """Return the Set-Cookie header that keeps ``value``."""
        return self._header(site, value, self.lifetime_seconds)

    def forget(self, site: Site) -> str:
        """Return the Set-Cookie header that ends the cookie."""
        return self._header(site, "", 0)

    def read(self, request: Request) -> str | None:
        """Return the value that the browser sent."""
        wanted = self.named(site_of(request))
        return next((value for name, value in _sent(request) if name == wanted), None)

    def _header(self, site: Site, value: str, seconds: int) -> str:
        secure = "; Secure" if site.is_secure else ""
        attributes = f"Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
        return f"{self.named(site)}={value}; {attributes}"


def _sent(request: Request) -> Iterator[tuple[str, str]]:
    """Yield name and value of each cookie that came with a request."""
    for pair in str(request.headers.get("cookie", "")).split(";"):
        name, _, value = pair.strip().partition("=")
        if value:
            yield name, value


SESSION_COOKIE = Cookie("bodhi_session", int(SESSION_LIFETIME.total_seconds()))
LOGIN_COOKIE = Cookie("bodhi_login", int(LOGIN_LIFETIME.total_seconds()))


def site_of(request: Request) -> Site:
    """Return the site that the request was sent to."""
    host = request.headers.get("host", "")
    scheme = "http" if is_loopback(f"//{host}") else "https"
    place = _place(str(request.context.get("resourcePath", "")))
    match = place.fullmatch(str(request.context.get("path", "")))
    return Site(f"{scheme}://{host}", match[1] if match else "")


def site_at(url: str) -> Site:
    """Return the site at a configured URL."""
    parts = urlsplit(url)
    return Site(f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/"))


@cache
def _place(resource: str) -> re.Pattern[str]:
    """Return the paths that lead to a route, with what comes before the route as group 1.

    A parameter takes one segment.
    """
    route = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(resource.rstrip("/")))
    return re.compile(f"({_PREFIX}){route}/*")


def credentials(request: Request) -> Credentials:
    """Return what the request carries to say who sends it."""
    header = request.headers.get("authorization")
    return Credentials(
        # A header with another scheme is not missing, so the cookie must not count instead.
        unverified_bearer=None if header is None else presented("bearer", header) or "",
        unverified_cookie=SESSION_COOKIE.read(request),
        unverified_csrf_token=request.headers.get(CSRF_HEADER, ""),
        changes=request.method not in _SAFE_METHODS,
        same_origin=request.headers.get("origin") == site_of(request).origin,
    )


def bearer(request: Request) -> str | None:
    """Return the credential of a bearer (RFC 6750 section 2.1), or None if the request has none."""
    return presented("bearer", request.headers.get("authorization"))
