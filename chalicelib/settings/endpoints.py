"""The addresses of this service, which follow from ``ISSUER`` and ``AUDIENCE``."""

from dataclasses import dataclass
from urllib.parse import urlsplit

TOKEN = "/oauth2/token"  # noqa: S105 - an address
INTROSPECTION = "/oauth2/introspect"
REVOCATION = "/oauth2/revoke"
KEYS = "/.well-known/jwks.json"
DOCUMENTATION = "/docs"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses under one ``issuer``. ``resource`` is the API that tokens open."""

    issuer: str
    resource: str

    def url(self, path: str) -> str:
        """Return the absolute URL of a path of ours."""
        return f"{self.issuer.rstrip('/')}{path}"

    @property
    def assertion_audiences(self) -> frozenset[str]:
        """The valid audiences of a client assertion: the issuer and the endpoints (RFC 7523 section 3)."""
        paths = (TOKEN, INTROSPECTION, REVOCATION)
        return frozenset({self.issuer, *(self.url(path) for path in paths)})

    @property
    def resource_path(self) -> str:
        """The path of the resource, which ends the address of its metadata (RFC 9728 section 3.1)."""
        return urlsplit(self.resource).path.strip("/")
