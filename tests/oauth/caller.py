"""Somebody with a sign-in, an API token and a client of their own."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote_plus

from chalicelib.handlers.oauth.forms import TOKEN_EXCHANGE
from tests.security.victim import CountingService
from tests.support import canaries
from tests.support.api import Answer, Api
from tests.support.clients import KEYED_SERVER, SECRET, SERVER, assertion

TOKEN, INTROSPECT, REVOKE = "/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"
ENDPOINTS = (TOKEN, INTROSPECT, REVOKE)
ISSUER = "https://api.example.com"
TYPE = "urn:ietf:params:oauth:token-type:"
ACCESS_TOKEN, ID_TOKEN, JWT = f"{TYPE}access_token", f"{TYPE}id_token", f"{TYPE}jwt"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# Files and clipboards put ASCII white space around a token.
WHITE_SPACE = (
    "{t}\n",
    "{t}\r\n",
    "\n{t}",
    " {t} ",
    "\t{t}\t",
    "{t}\x0c",
    "{t}\x0b",
    " \t\r\n\x0c{t}\x0c\n\r\t ",
)
NO_WHITE_SPACE = (
    "{t}\xa0",
    "\xa0{t}",
    "{t}\x85",
    "{t}\u2003",
    "{t}\u2028",
    "{t}\u200b",
    "\ufeff{t}",
    "{t}\x00",
    "{t}\x1c",
    "{t}\\n",
    "{t}%0A",
    "{t}\n{t}",
    "{t}.",
    '"{t}"',
)

Values = str | Sequence[str] | None


def basic(client_id: str = SERVER, secret: str = SECRET) -> dict[str, str]:
    """Return the header of a client, encoded as RFC 6749 section 2.3.1 wants it."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@dataclass(frozen=True)
class Caller:
    """Calls the OAuth endpoints of a service in process."""

    api: Api
    service: CountingService

    @cached_property
    def person(self) -> str:
        """An ID token."""
        jwt = self.service.provider.sign_in("user@example.com")
        canaries.remember(jwt)
        return jwt

    @cached_property
    def created(self) -> dict[str, Any]:
        """An API token's resource with its string."""
        return self.api.create_token(self.person, name="ci")

    @property
    def token(self) -> str:
        """The API token's string."""
        return str(self.created["token"])

    def exchange(self, headers: dict[str, str] | None = None, /, **changes: Values) -> Answer:
        """Exchange the ID token, with changes; None leaves a parameter out."""
        return self.send(
            TOKEN,
            {
                "grant_type": TOKEN_EXCHANGE,
                "subject_token": self.person,
                "subject_token_type": ID_TOKEN,
                **changes,
            },
            headers,
        )

    def derive(self, **changes: Values) -> Answer:
        """Derive an access token from the API token."""
        usual = {
            "subject_token": self.token,
            "subject_token_type": ACCESS_TOKEN,
            "audience": "https://other.example.com",
        }
        return self.exchange(**{**usual, **changes})

    def access_token(self) -> str:
        """Return a derived access token."""
        answer = self.derive()
        assert answer.status == 200, answer.text
        return str(answer.json["access_token"])

    def introspect(self, token: str, headers: dict[str, str] | None = None, /, **changes: Values) -> Answer:
        """Ask as the client with a secret, unless other headers are given."""
        return self.send(INTROSPECT, {"token": token, **changes}, basic() if headers is None else headers)

    def revoke(self, token: str, headers: dict[str, str] | None = None, /, **changes: Values) -> Answer:
        """Revoke."""
        return self.send(REVOKE, {"token": token, **changes}, headers)

    def send(
        self, path: str, parameters: dict[str, Values], headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a form without the parameters that are None."""
        return self.api.form(path, {k: v for k, v in parameters.items() if v is not None}, headers)

    def assertion(self, **changes: Any) -> dict[str, str]:
        """Return the parameters of the client that signs."""
        signed = assertion(self.service.clock.now(), changes.pop("aud", ISSUER), **changes)
        return {
            "client_id": KEYED_SERVER,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": signed,
        }


def refused(answer: Answer, error: str, status: int = 400) -> dict[str, Any]:
    """Expect an OAuth error and return it."""
    document: dict[str, Any] = answer.json
    assert (answer.status, document["error"]) == (status, error), answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    allowed = {*range(0x20, 0x22), *range(0x23, 0x5C), *range(0x5D, 0x7F)}
    assert set(map(ord, document["error_description"])) <= allowed
    assert document["code"]
    return document
