"""The strings that pretend to be a token, each with the reason for which it must be refused."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP384R1,
    EllipticCurvePublicNumbers,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib import base64url
from chalicelib.adapters import jws
from tests.security.victim import PREFIX, Victim, encoded, token_of
from tests.support.keys import LocalSigningKey
from tests.support.provider import provider_key

MALFORMED, UNKNOWN_KEY, BAD_SIGNATURE = "malformed", "unknown_key", "bad_signature"
WRONG_CLAIMS, UNKNOWN, EXPIRED = "wrong_claims", "unknown", "expired"

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class Forgery:
    """A string, why it is refused (in the log only), and how many row reads that may cost."""

    name: str
    reason: str
    forge: Callable[[Victim], str]
    reads: int = 0


def _message(victim: Victim, **header: Any) -> str:
    return f"{encoded(victim.header(**header))}.{encoded(victim.claims())}"


def _hmac(victim: Victim, algorithm: str, digest: Callable[..., Any]) -> str:
    numbers = victim.key.private.public_key()
    public = numbers.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    message = _message(victim, alg=algorithm)
    return token_of(message, hmac.new(public, message.encode(), digest).digest())


def _rs256(victim: Victim) -> str:
    message = _message(victim, alg="RS256")
    return token_of(message, provider_key().sign(message.encode(), PKCS1v15(), SHA256()))


def _es384(victim: Victim) -> str:
    message = _message(victim, alg="ES384")
    return token_of(message, generate_private_key(SECP384R1()).sign(message.encode(), ECDSA(SHA384()))[:96])


def _eddsa(victim: Victim) -> str:
    message = _message(victim, alg="EdDSA")
    return token_of(message, Ed25519PrivateKey.generate().sign(message.encode()))


def _foreign_key(victim: Victim, **header: Any) -> str:
    """Sign with somebody else's key, under our ``kid`` unless told."""
    message = _message(victim, **header)
    return token_of(message, LocalSigningKey().sign(message.encode()))


def _own_key_in_header(victim: Victim) -> str:
    key = LocalSigningKey()
    jwk = {"kty": "EC", "crv": "P-256", "x": key.public.x, "y": key.public.y}
    message = _message(victim, jwk=jwk, kid=key.kid)
    return token_of(message, key.sign(message.encode()))


def _high_s(victim: Victim) -> str:
    header, payload, signature = victim.segments
    raw = base64url.decode(signature)
    high = jws.P256_ORDER - int.from_bytes(raw[32:], "big")
    twin = token_of(f"{header}.{payload}", raw[:32] + high.to_bytes(32, "big"))
    # It is a genuine signature: a verifier that forgets the rule accepts it.
    numbers = EllipticCurvePublicNumbers(
        int.from_bytes(base64url.decode(victim.key.public.x), "big"),
        int.from_bytes(base64url.decode(victim.key.public.y), "big"),
        victim.key.private.curve,
    )
    jwt.PyJWS().decode(twin.removeprefix(PREFIX), numbers.public_key(), algorithms=["ES256"])
    return twin


def _der_signature(victim: Victim) -> str:
    message = _message(victim)
    return token_of(message, victim.key.private.sign(message.encode(), ECDSA(SHA256())))


def _spare_bits(segment: int) -> Callable[[Victim], str]:
    """Flip the lowest bit of a segment's last character, which decoders like to ignore."""

    def forge(victim: Victim) -> str:
        parts = list(victim.segments)
        last = _ALPHABET[_ALPHABET.index(parts[segment][-1]) ^ 1]
        parts[segment] = parts[segment][:-1] + last
        return PREFIX + ".".join(parts)

    return forge


def _padded(segment: int, padding: str) -> Callable[[Victim], str]:
    def forge(victim: Victim) -> str:
        parts = list(victim.segments)
        parts[segment] += padding
        return PREFIX + ".".join(parts)

    return forge


def _raw_header(change: Callable[[bytes], bytes]) -> Callable[[Victim], str]:
    """Sign with the real key a header whose bytes were changed."""
    return lambda victim: victim.signed(header=change(json.dumps(victim.header()).encode()))


def _raw_claims(change: Callable[[bytes], bytes]) -> Callable[[Victim], str]:
    """Sign with the real key claims whose bytes were changed."""
    return lambda victim: victim.signed(claims=change(json.dumps(victim.claims()).encode()))


def _header(**changes: Any) -> Callable[[Victim], str]:
    return lambda victim: victim.signed(header=victim.header(**changes))


def _claims(**changes: Any) -> Callable[[Victim], str]:
    return lambda victim: victim.signed(claims=victim.claims(**changes))


def _without(where: str, name: str) -> Callable[[Victim], str]:
    def forge(victim: Victim) -> str:
        header, claims = victim.header(), victim.claims()
        (header if where == "header" else claims).pop(name)
        return victim.signed(header, claims)

    return forge


def _exp(seconds: float) -> Callable[[Victim], str]:
    """Sign for the token whose row has an expiry, ``seconds`` from now in the string."""
    return lambda victim: victim.signed(
        claims=victim.claims(
            jti=victim.lasting_token_id,
            exp=int(victim.service.clock.now().timestamp()) + seconds,
        )
    )


def _literal_exp(literal: str) -> Callable[[Victim], str]:
    return _raw_claims(lambda raw: raw[:-1] + f', "exp": {literal}}}'.encode())


def _string(change: Callable[[str], str]) -> Callable[[Victim], str]:
    return lambda victim: change(victim.token)


def _five_segments(victim: Victim) -> str:
    header, payload, signature = victim.segments
    return f"{PREFIX}{header}.{payload}.{payload}.{payload}.{signature}"


_BASICS = [
    Forgery("empty", MALFORMED, lambda v: ""),
    Forgery("prefix only", MALFORMED, lambda v: PREFIX),
    Forgery("dots", MALFORMED, lambda v: f"{PREFIX}..{'A' * 86}"),
    Forgery("a word", MALFORMED, lambda v: f"{PREFIX}hunter2"),
]

_ALGORITHMS = [
    Forgery("alg none, no signature", MALFORMED, lambda v: f"{PREFIX}{_message(v, alg='none')}."),
    *(
        Forgery(f"alg {alg!r}, real signature", BAD_SIGNATURE, _header(alg=alg))
        for alg in ("none", "nOnE", "NONE", "es256", "ES256 ", "ES256K", "ES384", "RS256", "HS256", "")
    ),
    *(
        Forgery(f"alg {alg!r}, real signature", MALFORMED, _header(alg=alg))
        for alg in (None, ["ES256"], {"ES256": 1}, 256, True)
    ),
    Forgery("alg missing", MALFORMED, _without("header", "alg")),
    Forgery("HS256 with our public key", MALFORMED, lambda v: _hmac(v, "HS256", hashlib.sha256)),
    Forgery("HS512 with our public key", BAD_SIGNATURE, lambda v: _hmac(v, "HS512", hashlib.sha512)),
    Forgery("RS256 with a key of the provider", MALFORMED, _rs256),
    Forgery("ES384 with another key", MALFORMED, _es384),
    Forgery("EdDSA with another key", BAD_SIGNATURE, _eddsa),
]

_KIDS = [
    *(
        Forgery(f"kid {kid[:20]!r}", UNKNOWN_KEY, _header(kid=kid))
        for kid in (
            "unknown",
            "",
            "../../etc/passwd",
            "KEYS",
            "' OR '1'='1' --",
            "k" * 700,
            "\x00",
            "line\nbreak",
        )
    ),
    Forgery("kid with a lone surrogate", MALFORMED, _header(kid="\ud800")),
    # A header of more than 1,024 characters is not decoded.
    Forgery("kid of 2 KB", MALFORMED, _header(kid="k" * 2_000)),
    Forgery("kid of 10 KB", MALFORMED, _header(kid="k" * 10_240)),
    *(Forgery(f"kid {kid!r}", MALFORMED, _header(kid=kid)) for kid in (None, 1, ["k"], {"k": "k"}, True)),
    Forgery("kid missing", MALFORMED, _without("header", "kid")),
    Forgery("somebody else's key under our kid", BAD_SIGNATURE, _foreign_key),
    Forgery("somebody else's key under its own kid", UNKNOWN_KEY, lambda v: _foreign_key(v, kid="theirs")),
    Forgery("somebody else's key in the header", MALFORMED, _own_key_in_header),
]

_HEADERS = [
    *(
        Forgery(f"header with {name}, signed by us", MALFORMED, _header(**{name: value}))
        for name, value in {
            "jku": "https://evil.example/jwks",
            "x5u": "https://evil.example/cert",
            "jwk": {"kty": "oct", "k": ""},
            "x5c": ["MIIB"],
            "crit": ["exp"],
            "zip": "DEF",
            "b64": False,
            "cty": "JWT",
            "anything": "else",
        }.items()
    ),
    *(
        Forgery(f"typ {typ!r}, signed by us", WRONG_CLAIMS, _header(typ=typ))
        for typ in ("JWT", "at+jwt", "API-TOKEN+JWT", "application/api-token+jwt", "")
    ),
    Forgery("typ null", MALFORMED, _header(typ=None)),
    Forgery("typ missing", MALFORMED, _without("header", "typ")),
    Forgery(
        "header member twice, signed by us",
        MALFORMED,
        _raw_header(lambda raw: raw.replace(b"{", b'{"alg":"none",', 1)),
    ),
    Forgery(
        "header as UTF-16, signed by us", MALFORMED, _raw_header(lambda r: r.decode().encode("utf-16"))
    ),
    Forgery("header after a byte order mark", MALFORMED, _raw_header(lambda raw: b"\xef\xbb\xbf" + raw)),
    Forgery("header not UTF-8", MALFORMED, _raw_header(lambda raw: raw.replace(b"api", b"\xff\xfe"))),
    Forgery("header a list", MALFORMED, _raw_header(lambda raw: b"[" + raw + b"]")),
    Forgery("header a string", MALFORMED, _raw_header(lambda raw: b'"alg"')),
    Forgery("header no JSON", MALFORMED, _raw_header(lambda raw: raw + b"}")),
    Forgery("header nested 2500 deep", MALFORMED, _raw_header(lambda raw: b"[" * 2_500)),
]

_SPELLINGS = [
    *(
        Forgery(f"{pad!r} after segment {n}", MALFORMED, _padded(n, pad))
        for n in range(3)
        for pad in ("=", "==")
    ),
    Forgery("spare bits of the header", MALFORMED, _spare_bits(0)),
    Forgery("spare bits of the payload", BAD_SIGNATURE, _spare_bits(1)),
    Forgery("spare bits of the signature", MALFORMED, _spare_bits(2)),
    Forgery("high S", BAD_SIGNATURE, _high_s),
    Forgery("signature in DER", MALFORMED, _der_signature),
    Forgery("signature of zeros", BAD_SIGNATURE, lambda v: token_of(_message(v), bytes(64))),
    Forgery("signature cut", MALFORMED, _string(lambda t: t[:-1])),
    Forgery("signature longer", MALFORMED, _string(lambda t: t + "A")),
    Forgery(
        "signature of another token", BAD_SIGNATURE, lambda v: f"{PREFIX}{_message(v)}.{v.segments[2]}"
    ),
    Forgery("space inside", MALFORMED, _string(lambda t: t.replace(".", ". ", 1))),
    Forgery("tab inside", MALFORMED, _string(lambda t: t.replace(".", "\t.", 1))),
    Forgery("no-break space before", MALFORMED, _string(lambda t: "\xa0" + t)),
    Forgery("no-break space after", MALFORMED, _string(lambda t: t + "\xa0")),
    Forgery("next line after", MALFORMED, _string(lambda t: t + "\x85")),
    Forgery("zero-width space after", MALFORMED, _string(lambda t: t + "\u200b")),
    Forgery("newline inside", MALFORMED, _string(lambda t: t.replace(".", ".\n", 1))),
    Forgery("NUL after", MALFORMED, _string(lambda t: t + "\x00")),
    Forgery("NUL inside", MALFORMED, _string(lambda t: t.replace(".", "\x00.", 1))),
    Forgery("fullwidth dot", MALFORMED, _string(lambda t: t.replace(".", "\uff0e"))),
    Forgery("fullwidth prefix", MALFORMED, _string(lambda t: "\uff42" + t[1:])),
    Forgery("plus and slash alphabet", MALFORMED, lambda v: f"{PREFIX}+/{v.token[8:]}"),
    Forgery("upper-case prefix", MALFORMED, _string(lambda t: t.replace("bodhi", "BODHI"))),
    Forgery("capitalised prefix", MALFORMED, _string(str.capitalize)),
    Forgery("no prefix", MALFORMED, _string(lambda t: t.removeprefix(PREFIX))),
    Forgery("prefix twice", MALFORMED, _string(lambda t: PREFIX + t)),
    Forgery("two tokens with a comma", MALFORMED, _string(lambda t: f"{t},{t}")),
    Forgery("two tokens with a space", MALFORMED, _string(lambda t: f"{t} {t}")),
    Forgery("scheme twice", MALFORMED, _string(lambda t: f"Bearer {t}")),
    Forgery("two segments", MALFORMED, _string(lambda t: t.rpartition(".")[0])),
    Forgery("five segments", MALFORMED, _five_segments),
    Forgery("more than 4 KB, signed by us", MALFORMED, _claims(padding="x" * 3_500)),
    Forgery("6 MB", MALFORMED, lambda v: PREFIX + "A" * 6_000_000),
]

_CLAIMS = [
    Forgery(
        "claim twice, signed by us", WRONG_CLAIMS, _raw_claims(lambda r: r.replace(b"{", b'{"sub":"x",', 1))
    ),
    Forgery("claims a list", WRONG_CLAIMS, _raw_claims(lambda raw: b"[" + raw + b"]")),
    Forgery("claims as UTF-16", WRONG_CLAIMS, _raw_claims(lambda r: r.decode().encode("utf-16"))),
    Forgery("claims not UTF-8", WRONG_CLAIMS, _raw_claims(lambda raw: raw.replace(b"iss", b"\xff"))),
    Forgery("claims no JSON", WRONG_CLAIMS, _raw_claims(lambda raw: raw[:-1])),
    *(
        Forgery(f"iss {iss!r}", WRONG_CLAIMS, _claims(iss=iss))
        for iss in (
            "https://api.example.com/",
            "https://API.example.com",
            "http://api.example.com",
            "https://login.example.com",
            "https://api.example.com.evil.example",
            "",
            None,
            ["https://api.example.com"],
        )
    ),
    *(
        Forgery(f"aud {aud!r}", WRONG_CLAIMS, _claims(aud=aud))
        for aud in (
            "https://api.example.com",
            "https://api.example.com/api/",
            "https://api.example.com/API",
            "https://api.example.com/api2",
            ["https://api.example.com/api"],
            ["https://evil.example", "https://api.example.com/api"],
            "",
            None,
        )
    ),
    *(
        Forgery(f"exp {exp!r}", WRONG_CLAIMS, _claims(exp=exp))
        for exp in ("2000000000", 2_000_000_000.0, True, None, [2_000_000_000], 10**30, -(10**30), -1)
    ),
    *(Forgery(f"exp {n}", WRONG_CLAIMS, _literal_exp(n)) for n in ("NaN", "Infinity", "1e999", "-0.0")),
    Forgery("exp long past", EXPIRED, _claims(exp=1)),
    Forgery("exp this very second", EXPIRED, _exp(0)),
    Forgery("exp in the string only", WRONG_CLAIMS, _claims(exp=4_000_000_000), reads=1),
    Forgery(
        "exp in the row only",
        WRONG_CLAIMS,
        lambda v: v.signed(claims=v.claims(jti=v.lasting_token_id)),
        reads=1,
    ),
    Forgery("exp later than in the row", WRONG_CLAIMS, _exp(31 * 86_400), reads=1),
    Forgery(
        "sub of another user", UNKNOWN, lambda v: v.signed(claims=v.claims(sub=v.other_user_id)), reads=1
    ),
    Forgery(
        "jti of another user's token",
        UNKNOWN,
        lambda v: v.signed(claims=v.claims(jti=v.other_token_id)),
        reads=1,
    ),
    Forgery("jti of no token", UNKNOWN, _claims(jti="tok_" + "0" * 36), reads=1),
    *(
        Forgery(f"sub {sub!r}", WRONG_CLAIMS, _claims(sub=sub))
        for sub in ("", None, 7, ["usr_x"], "user@example.com", "usr_../../x", "usr_" + "a" * 32 + "\n")
    ),
    *(
        Forgery(f"jti {jti!r}", WRONG_CLAIMS, _claims(jti=jti))
        for jti in ("", None, 7, ["tok_x"], "#", "tok_" + "0" * 36 + "\n", "TOK_" + "0" * 36)
    ),
    *(
        Forgery(f"scope {scope!r}", WRONG_CLAIMS, _claims(scope=scope))
        for scope in (None, 7, ["api:read", "api:write"], {"api:read": True})
    ),
    *(
        Forgery(f"iat {iat!r}", WRONG_CLAIMS, _claims(iat=iat))
        for iat in ("0", 1.5, True, None, -1, 10**30)
    ),
    *(
        Forgery(f"{name} missing", WRONG_CLAIMS, _without("claims", name))
        for name in ("iss", "aud", "sub", "jti")
    ),
    *(Forgery(f"{name} missing", WRONG_CLAIMS, _without("claims", name)) for name in ("iat", "scope")),
]

_STRANGERS = [
    Forgery("the provider's JWT", MALFORMED, lambda v: v.person),
    Forgery("the provider's JWT behind our prefix", MALFORMED, lambda v: PREFIX + v.person),
    Forgery(
        "the provider's ES256 JWT behind our prefix",
        MALFORMED,
        lambda v: PREFIX + jwt.encode(v.claims(), LocalSigningKey().private, algorithm="ES256"),
    ),
]

FORGERIES = [*_BASICS, *_ALGORITHMS, *_KIDS, *_HEADERS, *_SPELLINGS, *_CLAIMS, *_STRANGERS]
