"""The cookies that the service sets and reads."""

from collections.abc import Iterator

from chalice.app import Request

from chalicelib.domain.frozen import Frozen, replace
from chalicelib.domain.sessions import LOGIN_LIFETIME, SESSION_LIFETIME
from chalicelib.handlers.http.site import Site


class Cookie(Frozen):
    """A kind of cookie. Over TLS no other host can set it (RFC 6265bis section 4.1.3.2).

    ``lifetime_seconds`` is its Max-Age.
    """

    name: str
    lifetime_seconds: int

    def of(self, tag: str) -> "Cookie":
        """Return the cookie of this kind with its own name, which ends in ``tag``."""
        return replace(self, name=f"{self.name}_{tag}")

    def tags(self, request: Request, site: Site) -> list[str]:
        """Return the tags in the names of this kind's cookies that the browser sent."""
        prefix = f"{self.named(site)}_"
        return [name.removeprefix(prefix) for name, _ in _sent(request) if name.startswith(prefix)]

    def named(self, site: Site) -> str:
        """Return the name that the browser knows."""
        # Browsers accept this prefix only on cookies that came from the same host over TLS.
        return f"__Host-{self.name}" if site.is_secure else self.name

    def set(self, site: Site, value: str) -> str:
        """Return the Set-Cookie header that keeps ``value``."""
        return self._header(site, value, self.lifetime_seconds)

    def forget(self, site: Site) -> str:
        """Return the Set-Cookie header that ends the cookie."""
        return self._header(site, "", 0)

    def read(self, request: Request, site: Site) -> str | None:
        """Return the value that the browser sent, unverified."""
        wanted = self.named(site)
        return next((value for name, value in _sent(request) if name == wanted), None)

    def _header(self, site: Site, value: str, seconds: int) -> str:
        secure = "; Secure" if site.is_secure else ""
        # Not Strict: then the provider's redirect back would come without the cookie of the sign-in.
        attributes = f"Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
        return f"{self.named(site)}={value}; {attributes}"


SESSION_COOKIE = Cookie("bodhi_session", int(SESSION_LIFETIME.total_seconds()))
LOGIN_COOKIE = Cookie("bodhi_login", int(LOGIN_LIFETIME.total_seconds()))


def _sent(request: Request) -> Iterator[tuple[str, str]]:
    """Yield the name and value of each cookie of a request."""
    for pair in str(request.headers.get("cookie", "")).split(";"):
        name, _, value = pair.strip().partition("=")
        if value:
            yield name, value
