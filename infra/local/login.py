"""The command that signs in at the development provider and prints the JWT.

It goes through the authorization code flow of OpenID Connect and fills in the form of the provider.
"""

from __future__ import annotations

import argparse
import http.client
import json
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

from chalicelib import base64url
from infra.local.errors import LocalStackError
from infra.local.settings import HOST, StackSettings

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_TIMEOUT_SECONDS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the address of the user."""
    parser.add_argument("subject", metavar="ADDRESS", nargs="?", default="user@example.com")


def run(options: argparse.Namespace) -> None:
    """Print one JWT for the given address. Raises LocalStackError."""
    print(sign_in(StackSettings.from_environ(), options.subject))


def sign_in(settings: StackSettings, subject: str) -> str:
    """Return an ID token of the development provider. Raises LocalStackError."""
    if "OIDC_ISSUER" in settings.environ:
        raise LocalStackError("OIDC_ISSUER is set, so get a JWT from that provider.")
    state, nonce = secrets.token_urlsafe(), secrets.token_urlsafe()
    redirect_uri = f"{settings.url}/callback"
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid profile email",
        "state": state,
        "nonce": nonce,
    }
    location = _post(settings, f"/oauth2/authorize?{urlencode(query)}", {"sub": subject})
    code = _code(location.headers.get("Location", ""), state)
    exchange = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": settings.client_id,
        # The development provider requires a secret and accepts any.
        "client_secret": "local",
    }
    return _id_token(_post(settings, "/oauth2/token", exchange), nonce)


class ProviderResponse:
    """The response of the provider."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        """Read the whole response."""
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()


def _post(settings: StackSettings, target: str, form: Mapping[str, str]) -> ProviderResponse:
    # Straight to the port, because a proxy of the developer cannot reach loopback here.
    connection = http.client.HTTPConnection(HOST, settings.oidc_port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", target, urlencode(form), _FORM)
        return ProviderResponse(connection.getresponse())
    except (OSError, http.client.HTTPException) as error:
        raise LocalStackError(
            f"No OpenID provider responds on port {settings.oidc_port}. Start it with `make run`, "
            "or set OIDC_PORT to its port."
        ) from error
    finally:
        connection.close()


def _code(location: str, state: str) -> str:
    parameters = parse_qs(urlsplit(location).query)
    if parameters.get("state") != [state] or "code" not in parameters:
        raise LocalStackError("The OpenID provider did not sign this user in.")
    return parameters["code"][0]


def _id_token(response: ProviderResponse, nonce: str) -> str:
    try:
        token = str(json.loads(response.body)["id_token"])
        payload = token.split(".")[1]
        unverified_claims = json.loads(base64url.decode(payload))
    except (ValueError, KeyError, IndexError) as error:
        raise LocalStackError("The response of the OpenID provider has no ID token.") from error
    if unverified_claims.get("nonce") != nonce:
        raise LocalStackError("The ID token of the OpenID provider is for another sign-in.")
    return token
