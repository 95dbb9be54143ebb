"""A person with a good token, and the means to forge others: the real signing key among them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib import base64url
from chalicelib.domain.keys import KeyRing
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from tests.support import canaries
from tests.support.api import Api
from tests.support.keys import LocalSigningKey
from tests.support.memory import InMemoryKeys, InMemoryStore
from tests.support.service import ENVIRON, MemoryService

PREFIX = "bodhi_"
METHOD_ARN = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/dev/GET/api/whoami"


class CountingKeys(InMemoryKeys):
    """Counts how often the keys are loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.loads = 0

    def load_keys(self) -> KeyRing:
        """Return all keys."""
        self.loads += 1
        return super().load_keys()


class CountingStore(InMemoryStore):
    """Counts what a decision costs."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = CountingKeys()
        self.reads = 0
        self.touches = 0

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return token and owner."""
        self.reads += 1
        return super().find_for_authorization(user_id, token_id)

    def touch(self, before: Token, after: Token) -> bool:
        """Record a use."""
        self.touches += 1
        return super().touch(before, after)

    @property
    def calls(self) -> tuple[int, int, int]:
        """How often a row was read, a use recorded, the keys loaded."""
        return self.reads, self.touches, self.keys.loads


class CountingService(MemoryService):
    """The service over a store that counts."""

    store: CountingStore
    keys: CountingKeys

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        store = CountingStore()
        super().__init__(environ, store=store, keys=store.keys)


@dataclass(frozen=True, slots=True)
class Victim:
    """Somebody with a good token, whom the attacks of the table are aimed at."""

    api: Api
    service: CountingService
    key: LocalSigningKey
    person: str
    token: str
    user_id: str
    token_id: str
    other_person: str
    other_user_id: str
    other_token_id: str
    lasting_token_id: str

    @property
    def segments(self) -> tuple[str, str, str]:
        """Header, payload and signature of the good token."""
        header, payload, signature = self.token.removeprefix(PREFIX).split(".")
        return header, payload, signature

    def header(self, **changes: Any) -> dict[str, Any]:
        """Return the header of the good token with changes."""
        return {"alg": "ES256", "kid": self.key.kid, "typ": "api-token+jwt"} | changes

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of the good token with changes."""
        claims = {
            "iss": ENVIRON["ISSUER"],
            "aud": ENVIRON["AUDIENCE"],
            "sub": self.user_id,
            "jti": self.token_id,
            "iat": int(self.service.clock.now().timestamp()),
            "scope": "api:read api:write",
        }
        return claims | changes

    def signed(self, header: object = None, claims: object = None) -> str:
        """Return what our own key would sign; bytes go as they are, anything else as JSON."""
        parts = (
            self.header() if header is None else header,
            self.claims() if claims is None else claims,
        )
        message = ".".join(encoded(part) for part in parts)
        return token_of(message, self.key.sign(message.encode()))


def victim_of(api: Api, service: CountingService) -> Victim:
    """Return somebody with a token that was used once, so that every key is loaded."""
    person = service.provider.sign_in("user@example.com")
    other = service.provider.sign_in("other@example.com")
    created = api.create_token(person, name="ci")
    lasting = api.create_token(person, name="lasting", expires_in_days=30)
    assert api.get("/api/whoami", created["token"]).status == 200
    return Victim(
        api=api,
        service=service,
        key=service.signing_key,
        person=person,
        token=created["token"],
        user_id=api.get("/v1/me", person).json["id"],
        token_id=created["id"],
        other_person=other,
        other_user_id=api.get("/v1/me", other).json["id"],
        other_token_id=api.create_token(other, name="others")["id"],
        lasting_token_id=lasting["id"],
    )


def encoded(part: object) -> str:
    """Return a segment."""
    return base64url.encode(part if isinstance(part, bytes) else json.dumps(part).encode())


def token_of(message: str, signature: bytes) -> str:
    """Return a token string, remembered as a secret."""
    token = f"{PREFIX}{message}.{base64url.encode(signature)}"
    canaries.remember(token)
    return token


def authorizer_event(token: str, arn: str = METHOD_ARN) -> dict[str, str]:
    """Return what API Gateway sends the authorizer."""
    return {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": arn}
