"""Resource servers as operators write them: ``{"orders": {"secret_sha256": "<64 hex digits>"}}``."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from chalicelib import base64url
from chalicelib.domain.clients import ResourceServer

MAX_SERVERS = 100

_ID = re.compile(r"[\x21-\x7e]{1,100}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# A shell hashes one of these if its variable is empty. Examples use others in place of a secret.
_NO_SECRETS = ("", " ", "\t", "\n", "\r\n", '""', "''", "null", "None", "undefined", "secret", "changeme")
# No text is known to have these hashes, so such a client could never authenticate.
_NO_HASHES = frozenset({"0" * 64, "f" * 64})
# Members of private and symmetric keys that public keys do not have (RFC 7518 sections 6.2 to 6.4).
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVE_BYTES = {"P-256": 32, "P-384": 48, "P-521": 66, "Ed25519": 32}
_LEAST_MODULUS_BYTES = 256
_ALGORITHMS = {
    "P-256": {"ES256"},
    "P-384": {"ES384"},
    "P-521": {"ES512"},
    "Ed25519": {"EdDSA"},
    "RSA": {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
}


def parse_resource_servers(definitions: object) -> Mapping[str, ResourceServer]:
    """Return the resource servers that the definitions describe, by client id.

    Raises ValueError, whose text names the client and says what is wrong. It never has the secret.
    """
    if not isinstance(definitions, dict) or not 1 <= len(definitions) <= MAX_SERVERS:
        raise ValueError(f"must be a JSON object of 1 to {MAX_SERVERS} clients")
    servers = {name: _server(name, value) for name, value in definitions.items()}
    _require_own_credentials(servers)
    return servers


def _server(name: str, value: object) -> ResourceServer:
    if not _ID.fullmatch(name):
        raise ValueError(
            f"has a client {name[:80]!r}, but a name must be 1 to 100 visible ASCII characters"
        )
    if not isinstance(value, dict) or value.keys() - {"audiences"} not in ({"secret_sha256"}, {"jwk"}):
        raise ValueError(
            f"must give {name!r} either 'secret_sha256' or 'jwk', optionally 'audiences', and nothing else"
        )
    audiences = _audiences(name, value)
    if "jwk" in value:
        return ResourceServer(name, jwk=_public_key(name, value["jwk"]), audiences=audiences)
    return ResourceServer(name, _secret_hash(name, value["secret_sha256"]), audiences=audiences)


def _audiences(name: str, value: Mapping[str, Any]) -> frozenset[str] | None:
    if "audiences" not in value:
        return None
    audiences = value["audiences"]
    if not isinstance(audiences, list) or not audiences or not all(isinstance(a, str) for a in audiences):
        raise ValueError(f"must give {name!r} a list of audiences that it may ask about")
    return frozenset(audiences)


def _secret_hash(name: str, digest: object) -> str:
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise ValueError(f"must give {name!r} the SHA-256 of its secret as 64 lower-case hex digits")
    known = (hashlib.sha256(text.encode()).hexdigest() for text in (*_NO_SECRETS, name, f"{name}\n"))
    if digest in _NO_HASHES or digest in known:
        raise ValueError(f"gives {name!r} the SHA-256 of an empty or well-known text, not of a secret")
    return digest


def _require_own_credentials(servers: Mapping[str, ResourceServer]) -> None:
    """Refuse a credential that two clients share, because each could pass for the other."""
    seen: dict[str, str] = {}
    for name, server in servers.items():
        parts = {each: (server.jwk or {}).get(each) for each in ("crv", "x", "y", "n", "e")}
        credential = server.secret_sha256 or json.dumps(parts)
        if credential in seen:
            raise ValueError(f"gives {seen[credential]!r} and {name!r} the same secret or key")
        seen[credential] = name


def _public_key(name: str, jwk: object) -> Mapping[str, str]:
    if not isinstance(jwk, dict) or not all(isinstance(v, str) for v in jwk.values()):
        raise ValueError(f"must give {name!r} a public key as a JWK whose members are strings")
    if _PRIVATE & jwk.keys():
        raise ValueError(f"gives {name!r} a private or symmetric key, but only a public key is allowed")
    kind = jwk.get("kty") if jwk.get("kty") == "RSA" else jwk.get("crv")
    if kind not in _ALGORITHMS or not _fits(kind, jwk):
        raise ValueError(
            f"gives {name!r} a key that is not valid or not supported. Use EC P-256, P-384 or P-521, "
            "OKP Ed25519, or RSA of at least 2048 bits"
        )
    if jwk.get("alg", min(_ALGORITHMS[kind])) not in _ALGORITHMS[kind] or jwk.get("use", "sig") != "sig":
        raise ValueError(f"gives {name!r} a key whose 'alg' or 'use' does not fit its type")
    return jwk


def _fits(kind: str, jwk: Mapping[str, str]) -> bool:
    if kind == "RSA":
        return _bytes(jwk, "n") >= _LEAST_MODULUS_BYTES and _bytes(jwk, "e") > 0
    wanted = {"kty": "OKP", "names": "x"} if kind == "Ed25519" else {"kty": "EC", "names": "xy"}
    sizes = {_bytes(jwk, name) for name in wanted["names"]}
    return jwk.get("kty") == wanted["kty"] and sizes == {_CURVE_BYTES[kind]}


def _bytes(jwk: Mapping[str, str], name: str) -> int:
    """Return the number of bytes of a base64url member, or 0 if it is missing or has another form."""
    try:
        return len(base64url.decode(jwk.get(name, "")))
    except ValueError:
        return 0
