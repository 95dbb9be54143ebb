"""An OpenID provider in memory, signing real JWTs."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from chalicelib.domain.errors import LoginFailed
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.reasons import LoginReason
from chalicelib.domain.sessions import PendingLogin
from chalicelib.domain.users import Identity, Role
from tests.support.builders import ISSUER, an_identity

AUDIENCE = "bodhi-test"
KID = "provider-key-1"


@cache
def provider_key() -> RSAPrivateKey:
    """Return the provider's key, made once: RSA keys are slow to make."""
    return generate_private_key(65537, 2048)


class TestProvider:
    """Signs in whomever a test names."""

    __test__ = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def sign_in(self, subject: str, **claims: Any) -> str:
        """Return an ID token for ``subject``, with ``claims`` put in place of the usual ones."""
        now = self._clock.now()
        usual = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "email": subject,
            "name": subject.partition("@")[0].title(),
            "iat": _seconds(now),
            "exp": _seconds(now + timedelta(hours=1)),
        }
        return self.sign(usual | claims)

    def access_token(self, subject: str, **claims: Any) -> str:
        """Return an access token for ``subject``, as RFC 9068 wants it."""
        now = self._clock.now()
        usual = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "client_id": AUDIENCE,
            "jti": "access-1",
            "scope": "openid email",
            "iat": _seconds(now),
            "exp": _seconds(now + timedelta(minutes=5)),
        }
        return self.sign(usual | claims, typ="at+jwt")

    @staticmethod
    def sign(claims: Mapping[str, Any], **header: Any) -> str:
        """Return a JWT of any kind; a claim that is None is left out."""
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(said, provider_key(), algorithm="RS256", headers={"kid": KID, **header})

    def authorization_url(self, login: PendingLogin, redirect_uri: str) -> str:
        """Return where to send the browser."""
        return f"{ISSUER}/authorize?{urlencode({'state': login.state, 'redirect_uri': redirect_uri})}"

    def redeem(self, login: PendingLogin, code: str, redirect_uri: str) -> Identity:
        """Return the identity that the code names: here, the subject itself."""
        if code == "refused":
            raise LoginFailed(LoginReason.CODE_REFUSED)
        return an_identity(
            code,
            role=Role.ADMIN if code.startswith("admin") else Role.USER,
            email_verified=True,
            issued_at=self._clock.now(),
        )

    @staticmethod
    def documents() -> dict[str, Any]:
        """Return what the provider publishes, by URL."""
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(provider_key().public_key()))
        key = jwk | {"kid": KID, "alg": "RS256", "use": "sig"}
        return {
            f"{ISSUER}/.well-known/openid-configuration": {
                "issuer": ISSUER,
                "jwks_uri": f"{ISSUER}/jwks",
            },
            f"{ISSUER}/jwks": {"keys": [key]},
        }


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
