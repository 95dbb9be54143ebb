"""An OAuth client, for example one of MCP, that knows nothing but the URL of an API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.support import canaries, challenges
from tests.support.api import Answer

Send = Callable[[str, str, Mapping[str, str], bytes], Answer]
"""Takes method, absolute URL, headers and body."""

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class OAuthClient:
    """A client that finds its way from a refusal to a token. Each step fails as a strict client would."""

    send: Send

    def token_for(self, url: str, subject_token: str, scope: str | None = None) -> str:
        """Return a token for the API at ``url``, for the person who signed in with ``subject_token``.

        Without ``scope`` it asks for the scopes that the challenge names.
        """
        challenge = self.challenged(url)
        wanted = scope or challenge["scope"]
        resource = self.resource_of(url, challenge["resource_metadata"])
        (issuer,) = resource["authorization_servers"]
        server = self.document(_server_metadata(issuer))
        assert server["issuer"] == issuer  # RFC 8414 section 3.3
        assert _EXCHANGE in server["grant_types_supported"]
        form = {
            "grant_type": _EXCHANGE,
            "subject_token": subject_token,
            "subject_token_type": _ID_TOKEN,
            "resource": resource["resource"],
            "scope": wanted,
        }
        answer = self.send("POST", server["token_endpoint"], _FORM, urlencode(form).encode())
        assert answer.status == 200, answer.text
        token = str(answer.json["access_token"])
        canaries.remember(token)
        assert answer.json["scope"].split() == wanted.split()
        return token

    def challenged(self, url: str) -> dict[str, str]:
        """Return the challenge of a call without a token."""
        answer = self.send("GET", url, {}, b"")
        assert answer.status == 401
        return challenges.parameters(answer.headers["WWW-Authenticate"])

    def resource_of(self, url: str, metadata_url: str) -> dict[str, Any]:
        """Return the metadata of the API at ``url``.

        It must be at the same origin, and describe a resource that the URL belongs to (RFC 9728 section 3).
        """
        assert urlsplit(metadata_url)[:2] == urlsplit(url)[:2]
        document = self.document(metadata_url)
        described = document["resource"].rstrip("/")
        assert url == described or url.startswith(f"{described}/")
        return document

    def document(self, url: str) -> dict[str, Any]:
        """Return a JSON document."""
        answer = self.send("GET", url, {}, b"")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json"), url
        document: dict[str, Any] = answer.json
        return document

    def status(self, url: str, token: str) -> int:
        """Return the status of a call with a token."""
        return self.send("GET", url, {"Authorization": f"Bearer {token}"}, b"").status


def _server_metadata(issuer: str) -> str:
    """Return the address of an authorization server's metadata (RFC 8414 section 3)."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}"
