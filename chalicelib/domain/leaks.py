"""The search for tokens in text, by their shape alone: in leak reports, and where none may stand."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import Enum
from urllib.parse import unquote

from chalicelib.domain.ids import API_TOKEN_PREFIX, MAX_API_TOKEN_LENGTH

# docs/secret-scanning.md publishes this expression. A token needs no boundary around it, because an
# escape, an encoding or another token can put any character there. A token's header is base64url of
# ASCII text without a question mark, so it never has an underscore. The prefix has one, so no header can
# run over a later prefix. This keeps the search linear.
EXPRESSION = rf"{API_TOKEN_PREFIX}eyJ[A-Za-z0-9-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{{85}}[AQgw]"

# Without the last characters of its signature a token is still not a name. A text field refuses it.
PASTED = rf"{API_TOKEN_PREFIX}eyJ[A-Za-z0-9-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]"
_PASTED = re.compile(PASTED)

# A JWS in compact form (RFC 7515 section 3.1): of the OpenID provider, an access token, or an API token
# without its prefix. Every header and every set of claims is base64url of text that begins with {". The
# search begins only where a run of characters does, so that it stays linear. A word such as "HeyJude" holds
# the first letters, but none begins with them.
_CHARACTER = "[A-Za-z0-9_-]"
JWS = (
    rf"(?<!{_CHARACTER})(?={_CHARACTER}*eyJ{_CHARACTER}{{8}}){_CHARACTER}+"
    rf"\.eyJ{_CHARACTER}{{8,}}\.{_CHARACTER}{{8}}"
)
# An encrypted JWT (RFC 7516 section 3.1). Its second part, the key, may be empty.
JWE = rf"(?<!{_CHARACTER})eyJ{_CHARACTER}{{17,}}\.(?:{_CHARACTER}{{8,}})?\.{_CHARACTER}{{8}}"
_JWS = re.compile(JWS)
_JWE = re.compile(JWE)
_CLUTTER = re.compile("[^A-Za-z0-9_.-]+")

# A look-ahead consumes nothing, so a match cannot hide a token that begins within it.
_TOKEN = re.compile(f"(?=({EXPRESSION}))")

# An address in the query of another address is encoded twice.
_ENCODINGS = 2


def candidates(texts: Iterable[str]) -> Iterator[str]:
    """Yield each distinct string in ``texts`` that has the shape of an API token.

    The texts are searched as they are, and percent-decoded once and twice (RFC 3986 section 2.1). A string
    that is too long for a token is left out. The work is linear in the length of the texts.
    """
    seen: set[str] = set()
    for text in texts:
        for spelling in _spellings(text):
            for match in _TOKEN.finditer(spelling):
                candidate = match.group(1)
                if len(candidate) <= MAX_API_TOKEN_LENGTH and candidate not in seen:
                    seen.add(candidate)
                    yield candidate


class Held(Enum):
    """A kind of secret that a text holds, in words."""

    API_TOKEN = "the string of an API token"  # noqa: S105 (words, not a secret)
    JWT = "a JWT"


def held_in(text: str) -> Held | None:
    """Return the kind of token that a text holds, or None. A token may be cut within its signature.

    The text is searched as it is and percent-decoded, as in ``candidates``. A token is also found if line
    breaks, spaces or invisible characters split it, or if its characters have another form, such as full
    width. Words such as ``bodhi_production`` are not tokens. The work is linear in the length of the text.
    """
    held = {_held_in(spelling) for spelling in _spellings(text)}
    # A prefix that is encoded looks like the beginning of a JWT.
    return next((kind for kind in Held if kind in held), None)


def _held_in(spelling: str) -> Held | None:
    if _PASTED.search(spelling):
        return Held.API_TOKEN
    if jws := _JWS.search(_unbroken(spelling)):
        return Held.API_TOKEN if f"{API_TOKEN_PREFIX}eyJ" in jws[0] else Held.JWT
    return Held.JWT if _JWE.search(spelling) else None


def _unbroken(text: str) -> str:
    """Return the characters of tokens alone, each in its plain form (UAX #15, NFKD)."""
    if not text.isascii():
        # One by one, because a whole run of marks takes quadratic time.
        text = "".join(unicodedata.normalize("NFKD", character) for character in text)
    return _CLUTTER.sub("", text)


def _spellings(text: str) -> Iterator[str]:
    yield text
    for _ in range(_ENCODINGS):
        # In Latin-1 each byte is one character, so an odd byte cannot swallow the start of a token.
        decoded = unquote(text, "latin-1")
        if decoded == text:
            return
        yield decoded
        text = decoded
