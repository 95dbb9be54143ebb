"""The keys of an OpenID provider (RFC 7517), and the verification of signatures."""

from collections.abc import Iterable, Mapping
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import OKPAlgorithm

from chalicelib import logs
from chalicelib.adapters.oidc.jwt import (
    ALGORITHMS,
    EC_ALGORITHMS,
    ED25519_ALGORITHMS,
    RSA_ALGORITHMS,
    UnverifiedJwt,
)
from chalicelib.domain.errors import IdentityProviderUnavailable
from chalicelib.domain.frozen import Frozen, replace
from chalicelib.domain.reasons import ProviderReason
from chalicelib.logs import fact

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_MATERIAL = ("kty", "crv", "n", "e", "x", "y")
_PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_RSA_BITS = range(2048, 16_384 + 1)
_MOST_EXPONENT_BITS = 64
_MOST_LOGGED = 100

# These are the y coordinates of points of small order. Anyone can forge signatures for such keys.
_ED25519_PRIME = 2**255 - 19
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _ED25519_PRIME - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)

# PyJWT knows Ed25519 by its older name only.
_JWS = jwt.PyJWS(algorithms=sorted(ALGORITHMS))
_JWS.register_algorithm("Ed25519", OKPAlgorithm())


class _UnusableKey(Exception):
    """A member of a key set that cannot be used."""


class ProviderKey(Frozen):
    """A public key, and the algorithms that it may be used with."""

    kid: str | None
    algorithms: tuple[str, ...]
    public: PublicKey

    def verifies(self, unverified: UnverifiedJwt) -> bool:
        """Return whether the key signed the JWT."""
        options: jwt.types.SigOptions = {"verify_signature": True, "enforce_minimum_key_length": True}
        try:
            _JWS.decode(unverified.text, self.public, [unverified.algorithm], options)
        except jwt.PyJWTError:
            return False
        return True


class KeySet:
    """Keys by ``kid`` and algorithm, because one ``kid`` may name several keys (RFC 7517 section 4.5)."""

    def __init__(self, keys: Iterable[ProviderKey]) -> None:
        self._keys = tuple(keys)
        self._by_name = {(key.kid, algorithm): key for key in self._keys for algorithm in key.algorithms}

    def find(self, kid: str | None, algorithm: str) -> ProviderKey | None:
        """Return the key with this ``kid``. Without a ``kid``, return the only key for the algorithm."""
        if kid is not None:
            return self._by_name.get((kid, algorithm))
        fitting = [key for key in self._keys if algorithm in key.algorithms]
        return fitting[0] if len(fitting) == 1 else None

    def has(self, kid: str | None) -> bool:
        """Return whether a key has this ``kid``, for any algorithm."""
        return kid is not None and any(key.kid == kid for key in self._keys)


class KeyReader:
    """A reader of key sets. It leaves out unusable keys, and logs each once per ``kid``."""

    def __init__(self) -> None:
        self._logged: set[str] = set()

    def read(self, document: Mapping[str, Any]) -> KeySet:
        """Return the usable keys. Raises IdentityProviderUnavailable if no key is usable."""
        members = document.get("keys")
        if not isinstance(members, list):
            raise IdentityProviderUnavailable(ProviderReason.NO_USABLE_KEYS)
        # Keys that name their algorithm take it first. Others get the algorithms that are left.
        members = sorted(members, key=lambda jwk: isinstance(jwk, dict) and jwk.get("alg") is None)
        keys: list[ProviderKey] = []
        names: dict[tuple[str, str], PublicKey] = {}
        for jwk in members:
            try:
                keys.append(_named_once(_key(jwk), names))
            except _UnusableKey as error:
                self._log(jwk, str(error))
        if not keys:
            raise IdentityProviderUnavailable(ProviderReason.NO_USABLE_KEYS)
        return KeySet(keys)

    def _log(self, jwk: object, detail: str) -> None:
        kid = fact(jwk.get("kid", "")) if isinstance(jwk, dict) else ""
        # The limit keeps a provider that invents a new kid each time from filling the memory.
        if kid not in self._logged and len(self._logged) < _MOST_LOGGED:
            self._logged.add(kid)
            logs.warn("provider_key.ignored", kid=kid, detail=detail)


def _key(jwk: object) -> ProviderKey:
    """Return a member of a key set as a key. Raises _UnusableKey.

    A member that is null counts as absent, because some providers write all members that they know.
    """
    if not isinstance(jwk, dict):
        raise _UnusableKey("not an object")
    kid, operations = jwk.get("kid"), jwk.get("key_ops")
    if not isinstance(kid, str | None):
        raise _UnusableKey("kid is not text")
    if jwk.get("use") not in (None, "sig"):
        raise _UnusableKey("use is not sig")
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        raise _UnusableKey("key_ops lacks verify")
    if any(jwk.get(name) is not None for name in _PRIVATE_MEMBERS):
        raise _UnusableKey("it is not a public key")
    algorithms = _algorithms(jwk)
    return ProviderKey(kid, algorithms, _public_key(jwk, algorithms[0]))


def _algorithms(jwk: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the algorithm that a key names, or all algorithms of its type (RFC 7517 section 4.4)."""
    kind, curve, named = jwk.get("kty"), jwk.get("crv"), jwk.get("alg")
    fitting: tuple[str, ...] = ()
    if kind == "RSA":
        fitting = RSA_ALGORITHMS
    elif kind == "EC" and isinstance(curve, str):
        fitting = EC_ALGORITHMS.get(curve, ())
    elif kind == "OKP" and curve == "Ed25519":
        fitting = ED25519_ALGORITHMS
    if not fitting:
        raise _UnusableKey("its type is not supported")
    if named is None:
        return fitting
    if named not in fitting:
        raise _UnusableKey("alg does not fit the key")
    return fitting if fitting is ED25519_ALGORITHMS else (named,)


def _public_key(jwk: Mapping[str, Any], algorithm: str) -> PublicKey:
    material = {name: jwk[name] for name in _MATERIAL if jwk.get(name) is not None}
    if not all(isinstance(value, str) for value in material.values()):
        raise _UnusableKey("a member is not text")
    try:
        # The key is public, because ``material`` has no private member.
        key: PublicKey = jwt.PyJWK(material, algorithm).key
    except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError) as error:
        raise _UnusableKey("its numbers are not a valid key") from error
    if isinstance(key, RSAPublicKey):
        _require_strength(key)
    elif isinstance(key, Ed25519PublicKey):
        _require_order(key)
    return key


def _require_strength(key: RSAPublicKey) -> None:
    numbers = key.public_numbers()
    if key.key_size not in _RSA_BITS or numbers.n % 2 == 0:
        raise _UnusableKey("its modulus is not safe")
    if numbers.e.bit_length() > _MOST_EXPONENT_BITS:
        raise _UnusableKey("its exponent is not usual")


def _require_order(key: Ed25519PublicKey) -> None:
    y = int.from_bytes(key.public_bytes_raw(), "little") % 2**255
    if y % _ED25519_PRIME in _SMALL_ORDER:
        raise _UnusableKey("anyone can forge its signatures")


def _named_once(key: ProviderKey, names: dict[tuple[str, str], PublicKey]) -> ProviderKey:
    """Return the key with the algorithms that no earlier key of its ``kid`` has. Raises _UnusableKey."""
    if key.kid is None:
        return key
    free = tuple(a for a in key.algorithms if names.setdefault((key.kid, a), key.public) is key.public)
    if not free:
        raise _UnusableKey("an earlier key has its kid and algorithm")
    return replace(key, algorithms=free)
