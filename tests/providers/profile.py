"""The parts of a profile: a provider's settings, JWTs and documented limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Claims: TypeAlias = Mapping[str, Any]

# Placeholders that the provider on loopback fills in.
ISSUER, ORIGIN, NONCE = "{issuer}", "{origin}", "{nonce}"
NOW, SOON = "{now}", "{soon}"
TIMES: Claims = {"iat": NOW, "exp": SOON}

BASIC, POST = "client_secret_basic", "client_secret_post"
WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Jwt:
    """A JWT that a provider signs. ``typ`` None leaves the header's member out."""

    claims: Claims
    typ: str | None = "JWT"

    def with_claims(self, **claims: Any) -> "Jwt":
        """Return the JWT with changed claims. A claim that is None is left out."""
        merged = {**self.claims, **claims}
        return Jwt({name: value for name, value in merged.items() if value is not None}, self.typ)


@dataclass(frozen=True, slots=True)
class Machine:
    """A JWT that belongs to a machine.

    ``reasons`` are the accepted reasons for its refusal. ``still_refused`` are the reasons that are left
    if the settings allow machines. If it is empty, the JWT is then a sign-in.
    """

    jwt: Jwt
    reasons: tuple[str, ...] = ("machine",)
    still_refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A JWT of the provider that is not a sign-in, with the accepted reasons of its refusal."""

    name: str
    jwt: Jwt
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProviderProfile:
    """A provider according to its own documentation.

    ``section`` is the heading in ``docs/providers.md``, ``documents`` the addresses of the claims.
    ``settings`` are the service's, without the issuer. ``access_token`` None means an opaque one.
    ``admin`` holds the claims that make an administrator, ``admin_in`` the places that carry them.
    ``id_kinds`` and ``access_kinds`` are the kinds under which an exchange takes the two JWTs.
    """

    name: str
    section: str
    documents: tuple[str, ...]
    settings: Mapping[str, str]
    issuer_path: str
    id_token: Jwt
    access_token: Jwt | None
    subject: str
    shown_name: str
    discovery_path: str = ""
    auth_methods: tuple[str, ...] | None = (BASIC, POST)
    secret: str | None = "s+e%c:r&t/"
    algorithm: str = "RS256"
    jwk_has_alg: bool = True
    jwk_extras: Claims = field(default_factory=dict)
    publishes_access_key: bool = True
    userinfo: Claims | None = None
    admin: Claims = field(default_factory=dict)
    admin_in: frozenset[str] = frozenset()
    id_kinds: frozenset[str] = frozenset({"id_token", "jwt"})
    access_kinds: frozenset[str] = frozenset({"access_token", "jwt"})
    access_refused: tuple[str, ...] = ()
    more_access_tokens: tuple[Jwt, ...] = ()
    machines: tuple[Machine, ...] = ()
    unmarked_machines: tuple[Jwt, ...] = ()
    refused: tuple[Refused, ...] = ()

    @property
    def client_id(self) -> str:
        """The client id of this service at the provider."""
        return self.settings["OIDC_CLIENT_ID"]

    @property
    def discovery(self) -> str:
        """The path of the discovery document."""
        return self.discovery_path or f"{self.issuer_path.rstrip('/')}{WELL_KNOWN}"

    def __str__(self) -> str:
        """Return the name, which names the test."""
        return self.name
