"""The addresses of this service, which follow from ``ISSUER`` and ``AUDIENCE``."""

from urllib.parse import quote, unquote, urlsplit

from chalicelib.domain.frozen import Frozen

TOKEN = "/oauth2/token"  # noqa: S105 - an address
INTROSPECTION = "/oauth2/introspect"
REVOCATION = "/oauth2/revoke"
KEYS = "/.well-known/jwks.json"
RESOURCE_METADATA = "/.well-known/oauth-protected-resource"
DOCUMENTATION = "/docs"

# What URLs may have unencoded (RFC 3986 section 2), without two characters: API Gateway ends a static value
# at "'", and begins a variable with "$".
_UNENCODED = "/:%[]!&()*+,;=@"


class Endpoints(Frozen):
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

    @property
    def resource_metadata(self) -> str:
        """The URL of the resource's metadata. It needs no escape in a header.

        It ends with the path of the resource (RFC 9728 section 3.1), unless clients would change that path.
        """
        path = self.resource_path
        # Clients remove the segments "." and "..", and no route has an empty segment.
        is_kept = all(segment.strip(".") for segment in unquote(path).split("/"))
        url = self.url(f"{RESOURCE_METADATA}/{path}" if is_kept else RESOURCE_METADATA)
        return quote(url, safe=_UNENCODED)
