"""The address of the service as the browser sees it."""

import re
from functools import cache, lru_cache
from urllib.parse import urlsplit

from chalice.app import Request

from chalicelib.domain.frozen import Frozen
from chalicelib.settings import is_loopback

# A stage, or the base path of a custom domain, which may have several segments. An empty segment would
# make a browser read the next one as a host.
_PREFIX = r"(?:/[A-Za-z0-9$_.+!*'()-]+)*"


class Site(Frozen):
    """The origin of the service, and its ``prefix``.

    The prefix is the stage or the base path that API Gateway puts before our paths. It may be empty.
    """

    origin: str
    prefix: str

    @property
    def is_secure(self) -> bool:
        """True if the site is served over TLS. It always is, except on this machine."""
        return self.origin.startswith("https:")

    def url(self, path: str) -> str:
        """Return the absolute URL of one of our paths."""
        return f"{self.origin}{self.prefix}{path}"


def site_of(request: Request) -> Site:
    """Return the site that the request was sent to."""
    resource, path = (str(request.context.get(name, "")) for name in ("resourcePath", "path"))
    return _site(request.headers.get("host", ""), resource, path)


# Credentials, view and middleware each ask for the site of one request.
@lru_cache(maxsize=32)
def _site(host: str, resource: str, path: str) -> Site:
    scheme = "http" if is_loopback(f"//{host}") else "https"
    match = _paths_to(resource).fullmatch(path)
    return Site(f"{scheme}://{host}", match[1] if match else "")


def site_at(url: str) -> Site:
    """Return the site at a configured URL."""
    parts = urlsplit(url)
    return Site(f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/"))


# Compiling takes longer than matching, and there are as many patterns as routes.
@cache
def _paths_to(resource: str) -> re.Pattern[str]:
    """Return the paths that lead to a route. Group 1 is the prefix before the route.

    A parameter takes one segment. A greedy one, ``{name+}``, takes all that follow.
    """
    route = re.sub(r"\\{\w+\\\+\\}", "(?s:.+)", re.escape(resource.rstrip("/")))
    route = re.sub(r"\\{\w+\\}", "[^/]+", route)
    return re.compile(f"({_PREFIX}){route}/*")
