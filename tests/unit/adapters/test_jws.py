"""The segments, keys and thumbprints of our JSON Web Signatures."""

import base64
import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from chalicelib import base64url
from chalicelib.adapters import jws
from chalicelib.adapters.key_cache import KeyCache
from chalicelib.domain.errors import InvalidToken, MalformedToken, UnknownSigningKey
from tests.support.clock import FixedClock
from tests.support.keys import LocalSigningKey


def encoded(content: bytes) -> str:
    """Return base64url without padding, made another way."""
    return base64.b64encode(content, altchars=b"-_").decode().replace("=", "")


@pytest.mark.parametrize("_", range(20))
def test_thumbprint_is_that_of_rfc_7638(_: int) -> None:
    """Another implementation computes the same thumbprint for the same key."""
    key = LocalSigningKey().public

    other = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y})

    assert jws.thumbprint(key.x, key.y) == key.kid == other.thumbprint()


def test_thumbprint_of_the_rfc_7517_example_key() -> None:
    """A key from an RFC has the thumbprint that others compute for it."""
    x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
    y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"

    assert jws.thumbprint(x, y) == "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"


def test_thumbprint_tells_coordinates_apart() -> None:
    """Swapped coordinates are another key."""
    assert jws.thumbprint("a", "b") != jws.thumbprint("b", "a")


def test_order_is_that_of_p256() -> None:
    """The constant of SEC 2, written in decimal as FIPS 186-4 has it (D.1.2.3)."""
    expected = "115792089210356248762697446949407573529996955224135760342422259061068512044369"

    assert str(jws.P256_ORDER) == expected


@pytest.mark.parametrize(
    "value", [{}, {"alg": "ES256"}, {"name": "Käse 🧀", "n": 1, "list": [1, None, {"a": "b"}]}]
)
def test_objects_come_back_as_they_were(value: dict[str, Any]) -> None:
    """Reading is the inverse of writing. No white space is written."""
    text = jws.encode_json(value)

    assert jws.decode_json(text) == value
    assert b" :" not in base64url.decode(text)
    assert b'": ' not in base64url.decode(text)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"1",
        b"{",
        b"{} {}",
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"outer": {"a": 1, "a": 2}}',
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-16-le"),
        '{"a": 1}'.encode("utf-32"),
        b"\xef\xbb\xbf" + b'{"a": 1}',
        b"{'a': 1}",
        b'{"a": 1,}',
    ],
)
def test_anything_but_one_plain_object_is_refused(content: bytes) -> None:
    """Duplicate members at any depth, other encodings and other types are ValueErrors."""
    with pytest.raises(ValueError, match=r"."):
        jws.decode_json(encoded(content))


@given(st.binary(max_size=60))
def test_no_segment_whatsoever_breaks_the_reader(content: bytes) -> None:
    """Any bytes are an object or a ValueError."""
    try:
        value = jws.decode_json(encoded(content))
    except ValueError:
        return
    assert isinstance(value, dict)
    assert json.loads(content) == value


# The shape in one expression (RFC 7515 section 7.1, and 64 bytes of signature without stray bits).
SHAPE = re.compile(r"([A-Za-z0-9_-]{1,1024}+)\.([A-Za-z0-9_-]++)\.([A-Za-z0-9_-]{85}[AQgw])")
NAMES = st.sampled_from(["alg", "kid", "typ", "crit", "jku"])
HEADERS = st.one_of(
    st.fixed_dictionaries({name: st.text(max_size=12) for name in ("alg", "kid", "typ")}),
    st.dictionaries(NAMES, st.text(max_size=12) | st.none() | st.lists(st.text(max_size=2), max_size=2)),
    st.lists(st.integers(0, 9), max_size=5),
)
SEGMENTS = st.one_of(
    HEADERS.map(lambda value: encoded(json.dumps(value).encode())),
    HEADERS.map(lambda value: encoded(f" {json.dumps(value, indent=1)}\n".encode())),
    st.sampled_from(["A" * length for length in (0, 1, 1023, 1024, 1025)]),
    st.text("Aw_-Q=.+/é\n\x00\ud800٣", max_size=6),
)
SIGNATURES = st.one_of(
    st.builds(
        lambda count, last: "A" * count + last,
        st.sampled_from([0, 84, 85, 86]),
        st.sampled_from("AQgwB-_=\n"),
    ),
    SEGMENTS,
)


def malformed_before(text: str) -> bool:
    """Return True unless the shape and the header are those that we write, in the simplest way."""
    match = SHAPE.fullmatch(text)
    with suppress(ValueError):
        header = jws.decode_json(match[1]) if match else {}
        return header.keys() != {"alg", "kid", "typ"} or not all(
            isinstance(v, str) for v in header.values()
        )
    return True


@settings(max_examples=1_500)
@given(
    parts=st.lists(SEGMENTS, max_size=3),
    signature=SIGNATURES,
    separator=st.sampled_from([".", ".", "..", "\n."]),
)
def test_shape_is_that_of_one_expression(parts: list[str], signature: str, separator: str) -> None:
    """No other string passes the steps before the key, and every string fails with the same error."""
    text = separator.join([*parts, signature])
    with pytest.raises(InvalidToken) as caught:
        jws.verified_payload(text, "at+jwt", KeyCache(dict, FixedClock()))
    assert type(caught.value) is (MalformedToken if malformed_before(text) else UnknownSigningKey)
