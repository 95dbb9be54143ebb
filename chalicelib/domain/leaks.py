"""The search for API tokens in reported text, by their shape alone."""

import re
from collections.abc import Iterable, Iterator
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


def holds_token(text: str) -> bool:
    """Return True if a text holds an API token, whole or cut within its signature. The work is linear."""
    return _PASTED.search(text) is not None


def _spellings(text: str) -> Iterator[str]:
    yield text
    for _ in range(_ENCODINGS):
        # In Latin-1 each byte is one character, so an odd byte cannot swallow the start of a token.
        decoded = unquote(text, "latin-1")
        if decoded == text:
            return
        yield decoded
        text = decoded
