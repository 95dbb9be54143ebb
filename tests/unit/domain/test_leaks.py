"""Tokens in pasted text: matches, near misses and the cost of the search."""

import base64
import json
import re
import string
import subprocess
from collections.abc import Callable, Mapping
from itertools import islice

import pytest

from chalicelib.domain import leaks
from chalicelib.domain.ids import MAX_API_TOKEN_LENGTH
from chalicelib.domain.leaks import Held, held_in
from tests.support.node import node_or_skip
from tests.support.pasted import AROUND, ENCODED, NOT_FOUND
from tests.support.steps import looks
from tests.support.work import assert_linear_time

HEADER = "eyJhbGciOiJFUzI1NiJ9"
SIGNATURE = "a-_9" * 21 + "xQ"
SEARCH = f"(?=({leaks.EXPRESSION}))"


def token(claims: str = "eyJqdGkiOiJ4In0-_", signature: str = SIGNATURE) -> str:
    """Return a string of a token's shape."""
    return f"bodhi_{HEADER}.{claims}.{signature}"


def found(*texts: str) -> list[str]:
    """Return the candidates in texts."""
    return list(leaks.candidates(texts))


@pytest.mark.parametrize("text", AROUND.values(), ids=AROUND)
def test_token_is_found_whatever_stands_around_it(text: str) -> None:
    """The token is found exactly. The start of another token before it may add a candidate."""
    strings = found(text.format(t=token()))
    assert token() in strings
    assert all(re.fullmatch(leaks.EXPRESSION, string) for string in strings)
    assert len(strings) <= 2


@pytest.mark.parametrize("encode", ENCODED.values(), ids=ENCODED)
def test_token_is_found_percent_encoded(encode: Callable[[str], str]) -> None:
    """A token may be percent-encoded wholly or in part, once or twice."""
    assert found(encode(token())) == [token()]


@pytest.mark.parametrize("change", NOT_FOUND.values(), ids=NOT_FOUND)
def test_near_miss_is_not_a_token(change: Callable[[str], str]) -> None:
    """Parts of a token, other alphabets and broken tokens are not found."""
    assert found(change(token())) == []


@pytest.mark.parametrize("last", "AQgw")
def test_signature_is_exactly_as_long_as_signatures_are(last: str) -> None:
    """Characters after the 86th of the signature are not part of the token."""
    made = token(signature="A" * 85 + last)
    for after in ("A", "Q", "-", "_", "Q" * 86, "bodhi_", ".A", "%41", "A" * 5_000):
        assert found(made + after) == [made]


def test_several_tokens_of_a_string_are_found_in_order() -> None:
    """Several tokens may be glued together, separated or encoded. Each is found once."""
    one, two, three = (token(f"eyJ{number}") for number in range(3))
    assert found(one + two + three) == [one, two, three]
    assert found(f"{two}\n{one}", f"{one} {three}") == [two, one, three]
    assert found(f"{one} %62{two[1:]} %2562{three[1:]}") == [one, two, three]


def test_start_of_a_token_hides_no_token() -> None:
    """A start of a token before a token only adds a candidate."""
    real = token("eyJ" + "A" * 83 + "Q")
    assert real in found(f"bodhi_{HEADER}.eyJ{real}")
    assert real in found(f"bodhi_{HEADER}.eyJx{real}")
    assert real in found(f"bodhi_{HEADER}.{HEADER}.{real}")


def test_string_longer_than_a_token_is_not_a_token() -> None:
    """A token has at most 4096 characters. The text around it may be longer."""
    longest = token("eyJ" + "x" * (MAX_API_TOKEN_LENGTH - len(token("eyJ"))))
    assert len(longest) == MAX_API_TOKEN_LENGTH == 4096
    assert found(f"{'x' * 10_000}{longest}{'x' * 10_000}") == [longest]
    too_long = longest.replace(".eyJ", ".eyJx")
    assert found(too_long) == []
    assert found(f"{too_long} {token()}") == [token()]


def test_candidates_come_one_by_one() -> None:
    """A caller can stop the search early."""
    endless = (token(f"eyJ{number}") for number in iter(int, 1))
    assert list(islice(leaks.candidates(endless), 1)) == [token("eyJ0")]


def test_no_header_of_ours_has_an_underscore() -> None:
    """Our headers never contain an underscore, which the expression relies on (RFC 4648 section 5)."""
    for character in string.ascii_letters + string.digits + "-_":
        for place in range(43):
            kid = "A" * place + character + "A" * (42 - place)
            header = json.dumps({"alg": "ES256", "kid": kid, "typ": "api-token+jwt"}, separators=(",", ":"))
            assert "_" not in base64.urlsafe_b64encode(header.encode()).decode()


HOSTILE: dict[str, Callable[[int], str]] = {
    "prefixes": lambda n: "bodhi_" * n,
    "prefixes and starts of headers": lambda n: "bodhi_eyJ" * n,
    "the same, ended by a dot": lambda n: "bodhi_eyJ" * n + ".eyJ",
    "the same as claims": lambda n: "bodhi_eyJa.eyJ" + "bodhi_eyJ" * n + ".A",
    "the same as a signature": lambda n: "bodhi_eyJa.eyJa." + "bodhi_eyJ" * n,
    "headers and claims": lambda n: "bodhi_eyJa.eyJa." * n,
    "long claims": lambda n: "bodhi_eyJa.eyJ" + "a" * n,
    "long claims, ended by a dot": lambda n: "bodhi_eyJa.eyJ" + "a" * n + ".",
    "long headers": lambda n: "bodhi_eyJ" + "a" * n,
    "starts of headers": lambda n: "eyJ" * n,
    "tokens that share their parts": lambda n: "bodhi_eyJa." + ("eyJ" + "A" * 82 + "Q.") * n,
    "tokens": lambda n: token() * (n // 20),
    "signatures that are one short": lambda n: ("bodhi_eyJa.eyJa." + "A" * 85 + ".") * (n // 20),
    "letters": lambda n: "b" * n,
    "dots": lambda n: "." * n,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_search_is_linear(text: Callable[[int], str]) -> None:
    """Twice the text takes twice the steps, so the search is linear."""
    once, twice = (looks(SEARCH, text(n)) for n in (200, 400))
    assert once <= 8 * len(text(200)) + 200
    assert twice <= 2 * once + 200


def test_steps_are_counted_as_they_are() -> None:
    """With underscores in headers the search would be quadratic, which the counter shows."""
    quadratic = leaks.EXPRESSION.replace("[A-Za-z0-9-]", "[A-Za-z0-9_-]")
    once, twice = (looks(quadratic, "bodhi_eyJ" * n) for n in (200, 400))
    assert twice > 3.5 * once


def test_text_is_decoded_a_fixed_number_of_times() -> None:
    """Deeper encodings do not add steps."""
    deep = "%25" * 10_000 + "62" + token()[1:]
    spellings = list(leaks._spellings(deep))
    assert len(spellings) == 3
    assert sum(map(len, spellings)) <= 3 * len(deep)
    assert len(list(leaks._spellings("100%"))) == 1


# Text that must not hold a token.

WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
JWT = token().removeprefix("bodhi_")
SPLIT_BY = ["\n", "\r\n    ", " ", "=\r\n", "\n> ", "\\\n", '" +\n "']
SPLIT_BY += [
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\xad",
    "\u202e",
    "\u2066",
    "\u200f",
    "\u0301",
    "\ufe0f",
]
SPLIT: Mapping[str, Callable[[str], str]] = {
    **{ascii(each): lambda t, each=each: t[:20] + each + t[20:] for each in SPLIT_BY},  # type: ignore[misc]
    "lines": lambda t: "\n".join(t[n : n + 76] for n in range(0, len(t), 76)),
    "every character": "\u200b".join,
    "in the prefix": lambda t: f"{t[:3]}\xad{t[3:]}",
    "beside a dot": lambda t: t.replace(".", ".\u200b"),
    "full width": lambda t: t.translate(WIDE),
    "full-width dots": lambda t: t.replace(".", "\uff0e"),
    "dot leaders": lambda t: t.replace(".", "\u2024"),
    "double-struck letters": lambda t: t.replace("e", "\U0001d556"),
    "hyphens of a mail program": lambda t: t.replace("-", "\u2011"),
    "in a sentence": lambda t: f"Use this one: {t[:9]}\u200b{t[9:]} (until May).",
    "encoded and split": lambda t: f"{t[:9]}%0A{t[9:]}".replace(".", "%2e"),
    "cut": lambda t: f"{t[:9]}\n{t[9:-20]}",
}


@pytest.mark.parametrize("change", [*SPLIT.values(), *ENCODED.values()], ids=[*SPLIT, *ENCODED])
def test_split_token_is_held(change: Callable[[str], str]) -> None:
    """A mail program wraps a token, and a person may disguise one. Both are readable for others."""
    assert held_in(change(token())) is Held.API_TOKEN
    if change is not ENCODED["first letter"]:
        assert held_in(change(JWT)) is Held.JWT


@pytest.mark.parametrize("text", AROUND.values(), ids=AROUND)
def test_token_is_held_whatever_stands_around_it(text: str) -> None:
    """Surroundings hide no token."""
    assert held_in(text.format(t=token())) is Held.API_TOKEN
    if not text.startswith("bodhi_"):
        assert held_in(text.format(t=JWT)) is not None


def test_page_and_server_agree_about_held_tokens() -> None:
    """The page shows before the request what the server refuses."""
    whole = [token(), JWT, "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXZpdml2aXY.Y2lwaGVy.dGFn"]
    texts = [change(each) for change in [*SPLIT.values(), *ENCODED.values()] for each in whole]
    texts += [text.format(t=each) for text in AROUND.values() for each in whole]
    texts += [change(each) for change in NOT_FOUND.values() for each in whole]
    texts += ["", "bodhi_", "Hey Jude. Hey Jane. This is for production", "a.eyJzdWIiOiIxIn0.aaaaaaaaaa"]
    texts = [text for text in texts if not any(0xD800 <= ord(each) <= 0xDFFF for each in text)]
    page = leaks.__file__.replace("domain/leaks.py", "web/pasted.js")
    script = f"""
        import {{ holdsToken }} from {json.dumps(page)};
        import {{ readFileSync }} from 'node:fs';
        console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(holdsToken)));
    """
    ended = subprocess.run(
        [node_or_skip(), "--input-type=module", "-e", script],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    page_holds = json.loads(ended.stdout)
    assert page_holds == [held_in(text) is not None for text in texts]
    assert {*page_holds} == {True, False}


@pytest.mark.parametrize(
    "piece", ["eyJ", "eyJaaaaaaaa.", "a", "a.", ".", "\u0301", "%25", "eyJ" + "a" * 20 + ".."]
)
def test_search_for_held_tokens_is_linear(piece: str) -> None:
    """A long text of a request holds up no other caller."""
    assert_linear_time(held_in, lambda size: piece * (size // len(piece)), 4_096)
